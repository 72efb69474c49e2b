"""A text is queued once, after a yes where it costs money, and followed to its end."""

from collections.abc import Callable

import pytest
from textension.clock import now_ms
from textension.message import Conversation, Message, NumberSettings, moved
from textension.states import State

from tests.cli.conftest import Cli
from tests.conftest import NUMBER, PEER, Backend

SEND = ("send", "--from", NUMBER, "--to", PEER)


def sent(aws: Backend) -> list[Message]:
    """What was queued, the newest first."""
    return aws.messages.thread(Conversation("main", NUMBER, PEER), limit=10)[0]


def test_a_text_is_queued_after_a_yes(cli: Cli, aws: Backend) -> None:
    ran = cli(*SEND, "Yes, until five.", typed="y\n")
    assert ran.code == 0
    assert f"Send to {PEER} through ClickSend? This costs money." in ran.err
    (message,) = sent(aws)
    assert ran.out.endswith(f"{message.id} queued\n")
    assert (message.text, message.extensions) == ("Yes, until five.", ("101", "102"))
    assert message.journey[0].source == "cli"


@pytest.mark.parametrize("typed", ["n\n", "\n"])
def test_without_a_yes_nothing_is_sent(cli: Cli, aws: Backend, typed: str) -> None:
    assert cli(*SEND, "Hello", typed=typed).code == 1
    assert sent(aws) == []


def test_where_nobody_can_answer_the_mend_is_named(cli: Cli, aws: Backend) -> None:
    ran = cli(*SEND, "Hello", typed="")
    assert ran.code == 2
    assert ran.err.endswith("Error: nobody answered the question: give --yes to go on without it\n")
    assert sent(aws) == []


def test_the_local_stack_costs_nothing_and_does_not_ask(local: Cli, aws: Backend) -> None:
    ran = local(*SEND, "Hello")
    assert (ran.code, ran.err) == (0, "")
    assert len(sent(aws)) == 1


def test_an_alert_is_wanted_at_least_once(cli: Cli, aws: Backend) -> None:
    assert cli(*SEND, "--yes", "--at-least-once", "--key", "alert", "Fire").code == 0
    assert cli(*SEND, "--yes", "Hello").code == 0

    assert sorted((one.text, one.at_least_once) for one in sent(aws)) == [("Fire", True), ("Hello", False)]
    assert "may arrive, and cost, twice" in " ".join(cli("send", "--help").out.split())


def test_a_text_may_come_from_standard_input(cli: Cli, aws: Backend) -> None:
    refused = cli(*SEND, "-", typed="Grüße\n")
    assert (refused.code, "give --yes too" in refused.error) == (2, True)
    assert cli(*SEND, "--yes", "-", typed="Grüße\n\n").code == 0
    assert sent(aws)[0].text == "Grüße\n"


def test_the_same_key_is_the_same_message(cli: Cli, aws: Backend) -> None:
    first, again = (cli(*SEND, "--yes", "--key", "order-1017", "Ready.") for _ in range(2))
    assert first.out == again.out
    assert len(sent(aws)) == 1

    other = cli(*SEND, "--yes", "--key", "order-1017", "Not ready.")
    assert (other.code, "this key was used for another text" in other.error) == (1, True)


def test_without_a_key_each_is_a_message_of_its_own(cli: Cli, aws: Backend) -> None:
    for _ in range(2):
        cli(*SEND, "--yes", "Hello")
    assert len(sent(aws)) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*SEND, ""), 2, "the text is empty"),
        ((*SEND, " \n"), 2, "the text is empty"),
        (("send", "--from", NUMBER, "--to", "12", "Hi"), 2, "--to 12: not a phone number"),
        (("send", "--from", NUMBER, "--to", "MyBank", "Hi"), 2, "it cannot be texted"),
        (("send", "--from", NUMBER, "--to", NUMBER, "Hi"), 2, "cannot text itself"),
        (("send", "--from", "x", "--to", PEER, "Hi"), 2, "x: not a phone number"),
        (("send", "--from", "+61433333333", "--to", PEER, "Hi"), 1, "is not a number of account main"),
    ],
)
def test_what_cannot_be_sent_is_said(cli: Cli, aws: Backend, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = cli(*arguments, "--yes")
    assert ran.code == code
    assert words in ran.error
    assert sent(aws) == []


def test_a_disabled_number_sends_nothing(cli: Cli, aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("101",), enabled=False))
    ran = cli(*SEND, "--yes", "Hi")
    assert (ran.code, ran.error) == (1, f"{NUMBER} is disabled: enable it first")


@pytest.fixture
def world(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Plays the sender and ClickSend: the message takes one of these steps each time that the command sleeps."""

    def plays(*states: tuple[State, str]) -> None:
        ahead = list(states)

        def sleep(_seconds: float) -> None:
            if ahead:
                state, reason = ahead.pop(0)
                (message,) = sent(aws)
                aws.messages.move(message, moved(message, state, at=now_ms(), source="test", reason=reason))

        monkeypatch.setattr("time.sleep", sleep)

    return plays


def test_a_message_is_followed_to_its_end(cli: Cli, world: Callable[..., None]) -> None:
    world((State.SENDING, ""), (State.SENT, ""), (State.DELIVERED, ""))
    ran = cli(*SEND, "--yes", "--wait", "5", "Hi")
    assert ran.code == 0
    assert [line.split()[2] for line in ran.out.splitlines()[1:]] == ["queued", "sending", "sent", "delivered"]


def test_a_rejected_message_fails_with_its_reason(cli: Cli, world: Callable[..., None]) -> None:
    world((State.SENDING, ""), (State.REJECTED, "INVALID_RECIPIENT"))
    ran = cli(*SEND, "--yes", "--wait", "5", "Hi")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].split()[2:] == ["rejected", "test", "INVALID_RECIPIENT"]


@pytest.mark.parametrize(("states", "code"), [((), 1), (((State.SENDING, ""), (State.SENT, "")), 0)])
def test_waiting_ends_and_says_where_to_look(
    cli: Cli, world: Callable[..., None], states: tuple[tuple[State, str], ...], code: int
) -> None:
    world(*states)
    ran = cli(*SEND, "--yes", "--wait", "2", "--json", "Hi")
    assert (ran.code, ran.json["state"]) == (code, "sent" if states else "queued")
    assert f"textension messages show {ran.json['id']}" in ran.err
