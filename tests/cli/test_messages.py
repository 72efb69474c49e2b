"""Messages: the newest first wherever they are, and the whole way of one."""

import json
import time

import pytest
from textension import assemble
from textension.accepting import Draft, accept
from textension.aws.numbers import Numbers
from textension.clicksend.pushes import RawPush
from textension.inbound import Taken
from textension.message import Message, NumberSettings, Receipt, moved
from textension.states import State

from tests.cli.conftest import Cli
from tests.conftest import NUMBER, PEER, SUBACCOUNT, Backend

OTHER = "+61433333333"
START = 1_700_000_000_000


def receive(aws: Backend, at: int, *, text: str = "Hello", peer: str = PEER, number: str = NUMBER) -> str:
    """A text comes in, of that second after the start; its ClickSend id."""
    clicksend = f"2CC1F1D8-0B50-418A-A66E-{at:012}"
    values = {"from": peer, "to": number, "body": text, "message_id": clicksend, "subaccount_id": SUBACCOUNT}
    push = RawPush("sms", json.dumps({**values, "timestamp": START // 1000 + at}).encode())
    assert assemble.door().take(push, assemble.webhook_secret().accounts()[0]).taken is Taken.STORED
    return clicksend


def send(aws: Backend, at: int, text: str = "Yes, until five.") -> Message:
    """A text is queued at that second after the start."""
    settings = Numbers(aws.table).get(NUMBER)
    assert settings
    draft = Draft(origin="test", key=str(at), to=PEER, text=text)
    return accept(draft, settings, aws.messages, country="AU", now=START + at * 1000)


def texts(cli: Cli, *options: str) -> list[str]:
    """The listed texts."""
    return [one["text"] for one in cli("messages", "list", "--json", *options).json]


@pytest.fixture
def talk(aws: Backend) -> None:
    """Seven texts in four conversations of two numbers."""
    aws.numbers.put(NumberSettings(number=OTHER, account="main", extensions=("103",)))
    receive(aws, 1, text="one")
    receive(aws, 7, text="seven")
    receive(aws, 2, text="two", peer="+61444444444")
    receive(aws, 6, text="six", peer="+61444444444")
    receive(aws, 3, text="three", peer="MyBank")
    receive(aws, 5, text="five", number=OTHER)
    send(aws, 4, text="four")


@pytest.mark.usefixtures("talk")
def test_the_newest_come_first_over_all_numbers_and_conversations(cli: Cli) -> None:
    everything = ["seven", "six", "five", "four", "three", "two", "one"]
    assert texts(cli) == everything
    for limit in range(1, 8):
        assert texts(cli, "--limit", str(limit)) == everything[:limit]


@pytest.mark.usefixtures("talk")
def test_a_number_or_a_peer_narrows_the_list(cli: Cli) -> None:
    assert texts(cli, "--number", OTHER) == ["five"]
    assert texts(cli, "--peer", PEER) == ["seven", "five", "four", "one"]
    assert texts(cli, "--peer", "0422 222 222", "--number", NUMBER) == ["seven", "four", "one"]
    assert texts(cli, "--peer", "MyBank") == ["three"]


@pytest.mark.usefixtures("talk")
def test_a_removed_numbers_messages_are_still_there(cli: Cli) -> None:
    cli("numbers", "remove", OTHER, "--yes")
    assert texts(cli, "--number", OTHER) == ["five"]


def test_a_row_says_who_wrote_to_whom(cli: Cli, aws: Backend) -> None:
    receive(aws, 1)
    message = send(aws, 2)
    first, second = (line.split() for line in cli("messages", "list").out.splitlines()[1:])
    assert first[2:] == [message.id, NUMBER, PEER, "queued", "Yes,", "until", "five."]
    assert second[3:] == [PEER, NUMBER, "received", "Hello"]


def test_a_text_cannot_reach_the_terminal_nor_break_a_row(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="a\x1b[31m\u202eb\r\nc\td 👨‍👩‍👧 [bold]x[/bold] :smile:", peer="My\x9bBank")
    out = cli("messages", "list").out
    assert "a\\x1b[31m\\u202eb ⏎ c    d 👨‍👩‍👧 [bold]x[/bold] :smile:" in out
    assert "My\\x9bBank" in out
    assert len(out.splitlines()) == 2


def test_long_texts_are_cut_in_lists_and_whole_in_show(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="x" * 1000)
    listed = cli("messages", "list", "--json").json[0]
    assert "x" * 160 + "…\n" in cli("messages", "list").out
    assert "x" * 1000 in cli("messages", "show", listed["id"]).out


def test_no_messages(cli: Cli) -> None:
    assert cli("messages", "list").out == "No messages.\n"
    assert cli("messages", "list", "--json").json == []


@pytest.mark.parametrize("option", [("--number", "x"), ("--peer", "12"), ("--limit", "0")])
def test_what_cannot_be_looked_for_is_a_usage_error(cli: Cli, option: tuple[str, str]) -> None:
    assert cli("messages", "list", *option).code == 2


def delivered(aws: Backend) -> Message:
    """A text that went all the way, from another number than ours."""
    told = {"clicksend_id": "2CC1F1D8-0B50-418A-A66E-000000000009", "price": "0.0770", "parts": 2}
    receipt = Receipt(status_code="201", at=START + 3000, status_text="Success: Message received on handset.")
    message = send(aws, 1)
    for step in (
        moved(message, State.SENDING, at=START + 2000, source="outbound_sender"),
        moved(message, State.SENT, at=START + 2000, source="outbound_sender", reason="", **told),
        moved(message, State.DELIVERED, at=START + 3000, source="receipt", sender_id="+15550100", receipts=(receipt,)),
    ):
        aws.messages.move(message, step)
    return message


def test_a_messages_whole_way_is_shown(cli: Cli, aws: Backend) -> None:
    message = delivered(aws)
    out = cli("messages", "show", message.id.lower()).out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for line in (
        f"Message {message.id}",
        "State delivered",
        "Sent as +15550100 (ClickSend's choice)",
        "Parts 2",
        "Price 0.0770",
        "Text Yes, until five.",
        "2023-11-14 22:13:21 queued test",
        "2023-11-14 22:13:22 sent outbound_sender",
        "2023-11-14 22:13:23 delivered receipt",
        "2023-11-14 22:13:23 201 Success: Message received on handset.",
    ):
        assert line in lines


def test_a_message_for_machines(cli: Cli, aws: Backend) -> None:
    message = delivered(aws)
    answer = cli("messages", "show", message.id, "--json").json
    assert answer["sent_at"] == "2023-11-14T22:13:21.000Z"
    assert [step["state"] for step in answer["journey"]] == ["queued", "sending", "sent", "delivered"]
    assert answer["receipts"][0]["status_code"] == "201"
    assert (answer["price"], answer["parts"], answer["sender_id"]) == ("0.0770", 2, "+15550100")


def test_times_are_those_of_the_clock_on_the_wall(cli: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Australia/Sydney")
    time.tzset()
    receive(aws, 1)
    out = cli("messages", "list").out
    assert out.startswith("Time (A")
    assert "2023-11-15 09:13:21" in out


def test_a_message_is_found_by_clicksends_id_too(cli: Cli, aws: Backend) -> None:
    clicksend = receive(aws, 1)
    assert cli("messages", "show", clicksend.lower(), "--json").json["clicksend_id"] == clicksend


@pytest.mark.parametrize("wanted", ["nothing", "", "2CC1F1D8-0B50-418A-A66E-999999999999"])
def test_a_message_that_is_not_there(cli: Cli, wanted: str) -> None:
    ran = cli("messages", "show", wanted)
    assert ran.code == 1
    assert "has no message" in ran.error


def test_another_accounts_message_is_not_there(cli: Cli, aws: Backend) -> None:
    message = send(aws, 1)
    assert cli("messages", "show", message.id, "--account", "other").code == 1
