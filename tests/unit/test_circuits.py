"""While ClickSend does not take texts, all workers leave it alone together, and none of the texts is lost."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from textension import assemble
from textension.aws.circuits import BETWEEN_PROBES, LONGEST_OPEN, SPREAD, Circuit, Circuits, comeback
from textension.clock import HOUR, MINUTE, SECOND, now_ms
from textension.message import Message
from textension.outbound import Doorbell, Report
from textension.states import State

from tests.conftest import Backend
from tests.unit.test_outbound import clicksend, fault, now_is, queue, ring, sent, simulator

__all__ = ["clicksend", "simulator"]


@pytest.fixture
def circuits(aws: Backend) -> Circuits:
    return Circuits(aws.table)


def send(*messages: Message, by: int) -> Report:
    """Ring for these some milliseconds from now."""
    then = now_ms() + by
    bells = [Doorbell(message.id, message.attempt) for message in messages]
    return replace(assemble.sender(), clock=lambda: then).send(bells, remaining=lambda: 30_000)


def test_one_accident_keeps_nobody_waiting_and_two_do(
    aws: Backend, clicksend: httpx.Client, circuits: Circuits
) -> None:
    fault(clicksend, "500", times=2)
    ring(queue(aws, "first", key="1"))
    assert circuits.get("main") is None

    ring(queue(aws, "second", key="2"))

    assert circuits.get("main") is not None


def test_a_batch_that_went_through_in_part_says_nothing_against_clicksend(
    aws: Backend, clicksend: httpx.Client, circuits: Circuits
) -> None:
    circuits.open("main", "HTTP_500", now=now_ms() - 2 * BETWEEN_PROBES)
    circuits.close("main")
    fault(clicksend, "status", status="SOMETHING_IS_WRONG", to="+12025550101")

    ring(queue(aws, "first", key="1"), queue(aws, "second", key="2", to="+12025550101"))

    assert circuits.get("main") is None


@pytest.mark.parametrize("mode", ["429", "401"])
def test_one_failure_keeps_the_others_waiting(
    aws: Backend, clicksend: httpx.Client, circuits: Circuits, mode: str
) -> None:
    fault(clicksend, mode, times=2)
    ring(queue(aws, "first", key="first"))
    waiting = [queue(aws, f"text {number}", key=str(number)) for number in range(3)]

    assert ring(*waiting) == {"batchItemFailures": []}

    opened = circuits.get("main")
    assert opened is not None
    assert sent(clicksend)["requests"] == (2 if mode == "401" else 1)  # after a 401 the key is looked for anew
    for message in waiting:
        after = now_is(aws, message)
        assert (after.state, after.attempt, after.rung_at) == (State.QUEUED, 2, None)
        assert opened.open_until <= (after.next_attempt_at or 0) <= opened.open_until + SPREAD


def test_one_message_asks_whether_clicksend_is_back(aws: Backend, clicksend: httpx.Client, circuits: Circuits) -> None:
    circuits.open("main", "HTTP_500", now=now_ms() - BETWEEN_PROBES)
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(5)]

    ring(*messages)

    assert [now_is(aws, one).state for one in messages] == [State.SENT, *[State.QUEUED] * 4]
    assert circuits.get("main") is None
    again = [now_is(aws, one) for one in messages[1:]]
    send(*again, by=LONGEST_OPEN + SPREAD)
    assert {now_is(aws, one).state for one in messages} == {State.SENT}
    assert sent(clicksend)["requests"] == 2


def test_a_probe_that_fails_opens_it_for_longer(aws: Backend, clicksend: httpx.Client, circuits: Circuits) -> None:
    now = now_ms()
    circuits.open("main", "HTTP_500", now=now - BETWEEN_PROBES)
    fault(clicksend, "429")

    ring(queue(aws))

    opened = circuits.get("main")
    assert opened is not None
    assert (opened.failures, opened.reason) == (2, "TOO_MANY_REQUESTS")
    assert opened.open_until >= now + LONGEST_OPEN
    assert opened.opened_at == now - BETWEEN_PROBES


def test_a_probe_is_one_workers(aws: Backend, circuits: Circuits) -> None:
    now = now_ms()
    assert circuits.probe("main", now=now) is False  # closed: nobody has to ask
    until = circuits.open("main", "HTTP_500", now=now)
    assert until is not None

    assert circuits.probe("main", now=until - 1) is False
    assert [circuits.probe("main", now=until) for _ in range(5)] == [True, *[False] * 4]
    assert circuits.probe("main", now=until + BETWEEN_PROBES - 1) is False
    assert circuits.probe("main", now=until + BETWEEN_PROBES) is True


def test_what_clicksend_asks_for_is_obeyed_and_never_shortened(aws: Backend, circuits: Circuits) -> None:
    now = now_ms()

    assert circuits.open("main", "TOO_MANY_REQUESTS", now=now, wait=10 * MINUTE) == now + 10 * MINUTE
    assert circuits.open("main", "HTTP_500", now=now + SECOND) == now + 10 * MINUTE


def test_a_refused_text_says_nothing_against_clicksend(
    aws: Backend, clicksend: httpx.Client, circuits: Circuits
) -> None:
    ring(queue(aws, to="+447777777777"))
    fault(clicksend, "400")
    ring(queue(aws, "other", key="2"))

    assert circuits.get("main") is None


def test_accounts_have_circuits_of_their_own(aws: Backend, circuits: Circuits) -> None:
    circuits.open("main", "HTTP_500", now=now_ms())

    assert circuits.get("other") is None


def test_who_waits_longest_comes_back_first() -> None:
    now = 10 * HOUR
    circuit = Circuit(account="main", opened_at=now - 6 * HOUR, open_until=now + SECOND, failures=9, reason="")

    times = [comeback(circuit, now - age, now) for age in (7 * HOUR, 6 * HOUR, 3 * HOUR, MINUTE, 0)]

    assert times == sorted(times)
    assert (times[0], times[-1]) == (circuit.open_until, circuit.open_until + SPREAD)


def test_a_second_bell_for_one_that_waits_changes_nothing(
    aws: Backend, clicksend: httpx.Client, circuits: Circuits
) -> None:
    circuits.open("main", "HTTP_500", now=now_ms())
    message = queue(aws)
    ring(message)
    waiting = now_is(aws, message)

    ring(message, waiting)

    assert now_is(aws, message) == waiting


def test_the_sweeper_rings_for_one_while_the_circuit_is_not_closed(
    aws: Backend, circuits: Circuits, figure: Callable[[str], None]
) -> None:
    from textension.clock import HOUR as LATER

    messages = [queue(aws, f"text {number}", key=str(number), now=now_ms() - LATER) for number in range(20)]
    for message in messages:
        aws.messages.amend(message, replace(message, unannounced=False, next_attempt_at=now_ms() - 1))
    circuits.open("main", "HTTP_500", now=now_ms())
    assert assemble.sweep().run(remaining=lambda: 60_000).done == {"held": 20}

    then = now_ms() + BETWEEN_PROBES
    half_open = replace(assemble.sweep(), clock=lambda: then)
    assert half_open.run(remaining=lambda: 60_000).done == {"rung": 1, "held": 19}
    circuits.close("main")
    assert replace(assemble.sweep(), clock=lambda: then).run(remaining=lambda: 60_000).done == {"rung": 19}
