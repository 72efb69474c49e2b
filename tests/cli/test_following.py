"""Following: each event once, as it comes; resending: once, after a yes."""

import json
from collections.abc import Callable

import pytest
from textension import assemble
from textension.clock import now_ms
from textension.message import Message, moved
from textension.states import State

from tests.cli.conftest import Cli
from tests.cli.test_messages import delivered, receive, send
from tests.conftest import PEER, Backend


def announce(aws: Backend, message: Message) -> None:
    """What the relay does."""
    found = aws.messages.by_id(message.id)
    assert found
    assemble.relay().announce(found)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Does one thing each time that the command sleeps; after the last one, Ctrl-C."""

    def plan(*steps: Callable[[], object]) -> None:
        ahead = list(steps)

        def sleep(_seconds: float) -> None:
            if not ahead:
                raise KeyboardInterrupt
            ahead.pop(0)()

        monkeypatch.setattr("textension_cli.following.time.sleep", sleep)

    return plan


def test_what_happens_is_shown_as_it_happens_and_ctrl_c_ends_well(
    cli: Cli, aws: Backend, meanwhile: Callable[..., None]
) -> None:
    message = send(aws, 1)
    meanwhile(lambda: announce(aws, message), lambda: None)

    ran = cli("messages", "follow")

    assert ran.code == 0
    _, line = ran.out.splitlines()
    assert line.split()[2:] == ["+61411111111", "→", PEER, "queued", message.id, "Yes,", "until", "five."]


def test_an_event_is_a_line_of_json_and_comes_once(cli: Cli, aws: Backend, meanwhile: Callable[..., None]) -> None:
    message = send(aws, 1)
    again = [lambda: announce(aws, message)] * 3
    meanwhile(*again)

    lines = [json.loads(line) for line in cli("messages", "follow", "--json").out.splitlines()]

    assert [one["data"]["message_id"] for one in lines] == [message.id]
    assert lines[0]["type"] == "message.status_changed"


def test_it_may_begin_in_the_past_and_end_by_itself(cli: Cli, aws: Backend, meanwhile: Callable[..., None]) -> None:
    announce(aws, send(aws, 1))
    meanwhile(lambda: None)

    assert cli("messages", "follow", "--json", "--for", "0.001").out == ""
    assert len(cli("messages", "follow", "--json", "--since", "5", "--for", "0.001").out.splitlines()) == 1


def test_others_are_left_out(cli: Cli, aws: Backend, meanwhile: Callable[..., None]) -> None:
    announce(aws, send(aws, 1))
    meanwhile()

    assert cli("messages", "follow", "--since", "5", "--json", "--peer", "+61444444444").out == ""
    assert cli("messages", "follow", "--since", "5", "--json", "--peer", "0422 222 222").out != ""
    assert cli("messages", "follow", "--since", "5", "--json", "--number", "+61433333333").out == ""


def test_a_text_cannot_reach_the_terminal(cli: Cli, aws: Backend, meanwhile: Callable[..., None]) -> None:
    announce(aws, send(aws, 1, text="a\x1b[31m\nb [bold]"))
    meanwhile()

    out = cli("messages", "follow", "--since", "5").out

    assert "a\\x1b[31m ⏎ b [bold]" in out


# ---------------------------------------------------------------- resend


def rejected(aws: Backend, state: State = State.REJECTED) -> Message:
    """A text that did not get there."""
    message = send(aws, 1)
    for step in [State.REJECTED] if state is State.REJECTED else [State.SENDING, State.UNKNOWN, State.UNRESOLVED]:
        message = aws.messages.move(message, moved(message, step, at=now_ms(), source="test", reason="TEST"))
    return message


def test_a_rejected_text_is_sent_again_once(cli: Cli, aws: Backend) -> None:
    old = rejected(aws)

    first, second = (cli("messages", "resend", old.id, "--yes", "--json") for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert first.json["id"] == second.json["id"] != old.id
    assert (first.json["state"], first.json["text"], first.json["resend_of"]) == ("queued", old.text, old.id)
    found = aws.messages.by_id(old.id)
    assert found
    assert found.resent_as == first.json["id"]


def test_it_asks_and_warns_where_the_text_may_have_been_sent(cli: Cli, aws: Backend) -> None:
    old = rejected(aws, State.UNRESOLVED)

    ran = cli("messages", "resend", old.id, typed="n\n")

    assert ran.code == 1
    assert "it may arrive twice" in ran.err
    found = aws.messages.by_id(old.id)
    assert found
    assert found.resent_as is None


def test_what_got_there_is_not_sent_again(cli: Cli, aws: Backend) -> None:
    message = delivered(aws)
    ran = cli("messages", "resend", message.id, "--yes")
    assert (ran.code, ran.error) == (1, "a message that is delivered is not sent again")


def test_what_came_in_is_not_sent_again(cli: Cli, aws: Backend) -> None:
    clicksend = receive(aws, 1)
    assert cli("messages", "resend", clicksend, "--yes").code == 1
