"""Texts that ClickSend could not post come in out of its history, once, by the sweeper's own rights."""

import time
from collections.abc import Iterator

import pytest
from textension.aws import clients, items
from textension.aws.numbers import Numbers
from textension.aws.table import Put, Table
from textension.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from textension.message import NumberSettings

from tests.stack.office import Office, eventually
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack

NUMBER = "+14055555555"
TEXTS = ("Missed 1", "Missed 2", "Missed 2")


@pytest.fixture
def table(office: Office, monkeypatch: pytest.MonkeyPatch) -> Table:
    """The running stack's table."""
    monkeypatch.setattr(clients, "dynamodb", lambda: office.dynamodb)
    return Table(office.file.outputs["TableName"])


@pytest.fixture
def account(office: Office, table: Table) -> Iterator[str]:
    """The demo account with one more number, for which ClickSend has no rule, and which it had for an hour."""
    account = office.file.demo.account
    Numbers(table).put(NumberSettings(number=NUMBER, account=account, extensions=("101",), added_at=now_ms() - HOUR))
    yield account
    Numbers(table).remove(account, NUMBER)


@pytest.mark.parametrize(
    ("peer", "named"),
    [("+12025550191", ""), ("+12025550192", "PUSH-")],
    ids=["pushed by history's ids", "pushed by others"],
)
def test_missed_texts_come_in_once_and_their_late_pushes_change_nothing(
    stack: RunningStack, office: Office, table: Table, account: str, peer: str, named: str
) -> None:
    at = (now_ms() - 5 * MINUTE) // SECOND
    missed = [
        office.clicksend("POST", "/inbound", **{"from": peer, "to": NUMBER, "body": text, "timestamp": at + second})
        for second, text in enumerate(TEXTS)
    ]
    assert [one["pushes"] for one in missed] == [0, 0, 0]
    mark = {"started_at": now_ms() - DAY, "mark": now_ms() - 15 * MINUTE, "version": 1}

    with office.listening({"extension": ["101"], "type": ["message.received"]}) as listener:

        def heard() -> bool:
            table.put(Put(items.catch_up_key(account), mark, condition=""))
            stack.kill_workers("Sweeper")  # one that looked just now would rest for five minutes
            office.sweep()
            return len(listener.listen(3)) >= len(TEXTS)

        eventually(heard, within=60, what="the missed texts heard of")

        late = [
            office.values(f"{named}{one['message_id']}", peer, text, to=NUMBER, timestamp=str(at + second))
            for second, (one, text) in enumerate(zip(missed, TEXTS, strict=True))
        ]
        assert [office.post(values) for values in late] == [200, 200, 200]
        counts = office.cli("catch-up", "--since", "30m")["counts"]
        time.sleep(2)
        assert sorted(listener.texts()) == sorted(TEXTS)

    assert counts == {"seen": counts["seen"]}
    stored = [item for item in office.everything() if item.get("peer") == {"S": peer} and "direction" in item]
    assert sorted(item["text"]["S"] for item in stored) == sorted(TEXTS)
    assert {item["trust"]["S"] for item in stored} == {"history"}
