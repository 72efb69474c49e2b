"""The quarantine: shown without harm, and taken in again once its cause is mended."""

import base64
import json
from typing import Any

import pytest
from textension.clicksend.pushes import RawPush
from textension.errors import Unavailable
from textension.inbound import Door
from textension.message import Conversation, Message, NumberSettings

from tests.cli.conftest import Cli
from tests.conftest import NUMBER, PEER, SUBACCOUNT, Backend

THEN = 1_700_000_000_000
NEW = "+61433333333"


def text(**changes: Any) -> bytes:
    """A text to a number that nobody has added yet."""
    values = {"from": PEER, "to": NEW, "body": "Hi", "message_id": "A1", "subaccount_id": SUBACCOUNT}
    return json.dumps({**values, **changes}).encode()


def keep(aws: Backend, body: bytes, reason: str = "number_unknown", *, at: int = THEN, bare: bool = False) -> str:
    """Put a post into quarantine; its id."""
    return aws.quarantine.keep("main", RawPush("sms", body, "application/json"), reason, now=at, bare=bare)


def add_number(aws: Backend) -> None:
    """Mend the cause."""
    aws.numbers.put(NumberSettings(number=NEW, account="main", extensions=("101",)))


def stored(aws: Backend) -> list[Message]:
    """What was taken in, the newest first."""
    return aws.messages.thread(Conversation("main", NEW, PEER), limit=100)[0]


def remaining(aws: Backend) -> list[str]:
    """The ids in quarantine."""
    return [one.id for one in aws.quarantine.page("main")[0]]


def test_the_newest_is_listed_first(cli: Cli, aws: Backend) -> None:
    older, newer = keep(aws, b"{", "not_json"), keep(aws, text(), at=THEN + 60_000)
    lines = cli("quarantine", "list").out.splitlines()
    assert lines[0].split() == ["Id", "Time", "(UTC)", "Kind", "Bytes", "Reason", "Content"]
    assert lines[1].split()[:6] == [newer[:12], "2023-11-14", "22:14:20", "sms", str(len(text())), "number_unknown"]
    assert lines[2].split() == [older[:12], "2023-11-14", "22:13:20", "sms", "1", "not_json", "{"]
    assert [one["id"] for one in cli("quarantine", "list", "--json").json] == [newer, older]


def test_an_empty_quarantine(cli: Cli) -> None:
    assert cli("quarantine", "list").out == "The quarantine is empty.\n"
    assert cli("quarantine", "replay", "--all").out == "The quarantine is empty.\n"


def test_a_post_is_shown_without_harm(cli: Cli, aws: Backend) -> None:
    kept = keep(aws, b'{"a": "\x1b]0;owned\x07\xff\xc2\x9b31m"}\r\nend', "not_utf8", bare=True)
    out = cli("quarantine", "show", kept[:6]).out
    assert '{"a": "\\x1b]0;owned\\x07\\xff\\x9b31m"}\nend\n' in out
    assert "not_utf8" in out
    assert "without a token" in out
    answer = cli("quarantine", "show", kept.upper(), "--json").json
    assert base64.b64decode(answer["body_base64"]).endswith(b'\xc2\x9b31m"}\r\nend')


def test_a_beginning_must_be_of_one_post(cli: Cli, aws: Backend) -> None:
    for prefix in ("aaaa1", "aaaa2"):
        aws.table.put(_put(prefix + "0" * 59))
    assert cli("quarantine", "show", "aaaa1").code == 0
    several = cli("quarantine", "show", "aaaa")
    assert (several.code, "give more of the id" in several.error) == (2, True)
    assert cli("quarantine", "show", "aaa").code == 2
    assert cli("quarantine", "show", "xyzw").code == 2
    assert cli("quarantine", "show", "bbbb").code == 1


def _put(digest: str) -> Any:
    from textension.aws.items import quarantine_key
    from textension.aws.table import Put

    item = {"account": "main", "reason": "empty", "at": THEN, "size": 0, "kind": "sms", "body": b"", "content_type": ""}
    return Put(quarantine_key("main", digest), item)


def test_once_its_cause_is_mended_a_post_is_taken_in(cli: Cli, aws: Backend) -> None:
    kept = keep(aws, text())
    add_number(aws)

    ran = cli("quarantine", "replay", kept[:8])

    assert ran.code == 0
    assert ran.out.splitlines()[1:] == [f"{kept[:12]}  stored", "1 post taken in, 0 still in quarantine."]
    (message,) = stored(aws)
    assert (message.text, message.extensions, message.unannounced) == ("Hi", ("101",), True)
    assert message.sent_at == THEN  # when it was posted, as ClickSend gave no time
    assert message.received_at > THEN
    assert remaining(aws) == []


def test_clicksends_own_time_counts(cli: Cli, aws: Backend) -> None:
    keep(aws, text(timestamp=1_699_999_999))
    add_number(aws)
    cli("quarantine", "replay", "--all")
    assert stored(aws)[0].sent_at == 1_699_999_999_000


def test_what_is_still_odd_stays_as_it_was(cli: Cli, aws: Backend) -> None:
    keep(aws, b"{", "not_json")
    keep(aws, text())
    before = aws.items()

    ran = cli("quarantine", "replay", "--all", "--json")

    assert ran.code == 1
    assert ran.json["remaining"] == 2
    assert ran.json["counts"] == {"quarantined": 2}
    assert {one["reason"] for one in ran.json["items"]} == {"not_json", "number_unknown"}
    assert aws.items() == before


def test_of_many_each_is_reported_and_only_the_odd_remain(cli: Cli, aws: Backend) -> None:
    for number in range(30):
        keep(aws, text(message_id=f"A{number}"), at=THEN + number)
    odd = keep(aws, text(to="+61444444444"), at=THEN + 100)
    add_number(aws)

    ran = cli("quarantine", "replay", "--all")

    assert ran.code == 1
    assert ran.out.splitlines()[-2:] == [
        f"{odd[:12]}  quarantined  number_unknown",
        "30 posts taken in, 1 still in quarantine.",
    ]
    assert remaining(aws) == [odd]
    assert len(stored(aws)) == 30


def test_a_second_replay_after_a_crash_finds_the_message_there(
    cli: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(aws, text())
    add_number(aws)
    with monkeypatch.context() as crash:
        crash.setattr("textension.aws.quarantine.Quarantine.remove", _unavailable)
        assert cli("quarantine", "replay", "--all", "--json").json["counts"] == {"unavailable": 1}

    assert cli("quarantine", "replay", "--all", "--json").json["items"] == [
        {"id": kept, "outcome": "seen", "reason": ""}
    ]
    assert len(stored(aws)) == 1
    assert remaining(aws) == []


def _unavailable(*_: object) -> None:
    raise Unavailable("DynamoDB did not answer")


def test_what_aws_does_not_take_is_reported_and_the_rest_goes_on(
    cli: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        keep(aws, text(message_id=f"A{number}"), at=THEN + number)
    add_number(aws)
    take, calls = Door.take, iter(range(3))

    def once_unavailable(door: Door, *arguments: Any, **options: Any) -> Any:
        if next(calls) == 1:
            _unavailable()
        return take(door, *arguments, **options)

    monkeypatch.setattr(Door, "take", once_unavailable)
    ran = cli("quarantine", "replay", "--all", "--json")
    assert (ran.code, ran.json["counts"]) == (1, {"stored": 2, "unavailable": 1})
    assert len(remaining(aws)) == 1


def test_a_post_of_which_only_a_part_was_kept_is_never_taken_in(cli: Cli, aws: Backend) -> None:
    head = "from=%2B61422222222&to=%2B61433333333&message_id=A1&subaccount_id=100002&body=Hi&x="
    keep(aws, head.encode() + b"x" * 70_000, "too_large")
    add_number(aws)
    ran = cli("quarantine", "replay", "--all")
    assert ran.code == 1
    assert "too_large: only its first part was kept" in ran.out
    assert stored(aws) == []
    assert "70,083, of which the first 65,536 were kept" in cli("quarantine", "show", remaining(aws)[0]).out


@pytest.mark.parametrize(("bare", "trust"), [(True, "subaccount-only"), (False, "token-only")])
def test_a_replay_proves_no_more_than_the_post_did(cli: Cli, aws: Backend, *, bare: bool, trust: str) -> None:
    keep(aws, text(), bare=bare)
    add_number(aws)
    cli("quarantine", "replay", "--all")
    assert stored(aws)[0].trust == trust


def test_the_door_itself_remembers_how_a_post_came(cli: Cli, aws: Backend) -> None:
    from textension import assemble

    poster = assemble.webhook_secret().accounts()[0]
    assemble.door().take(RawPush("sms", text()), poster, bare=True)
    assert aws.quarantine.page("main")[0][0].bare


def test_a_receipt_is_taken_in_too(cli: Cli, aws: Backend) -> None:
    keep(aws, json.dumps({"message_id": "R1", "status_code": 201, "subaccount_id": SUBACCOUNT}).encode())
    ran = cli("quarantine", "replay", "--all")
    assert ran.code == 0
    assert "stray receipt" in ran.out


@pytest.mark.parametrize("arguments", [(), ("aaaa", "--all")])
def test_either_ids_or_all(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli("quarantine", "replay", *arguments)
    assert (ran.code, ran.error) == (2, "give the ids to replay, or --all")


def test_an_account_that_may_not_post_cannot_be_replayed(cli: Cli, aws: Backend) -> None:
    keep(aws, text())
    aws.put_secret("WebhookSecret", {"account": "other", "WEBHOOK_TOKEN": "t"})
    ran = cli("quarantine", "replay", "--all")
    assert (ran.code, "no entry whose account is main" in ran.error) == (1, True)


def test_a_subaccount_that_was_allowed_since_is_taken_in(cli: Cli, aws: Backend) -> None:
    keep(aws, text(to=NUMBER), "subaccount_unknown")
    assert cli("quarantine", "replay", "--all").code == 0
