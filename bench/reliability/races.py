"""Real threads in real time: what many do to the same text at once, on an engine whose conditions are atomic."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from textension import assemble, ids
from textension.accepting import Draft, accept
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clock import MINUTE, now_ms
from textension.errors import OptedOut
from textension.message import Message
from textension.overdue import end_lease
from textension.states import LEASE, State

from bench.reliability import queues, requests_in
from bench.reliability.flows import own
from bench.reliability.site import Context, Site
from bench.reliability.world import World

ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Race:
    """What one race came to: empty `wrong` is well."""

    name: str
    rounds: int
    wrong: tuple[str, ...]


def all_races(site: Site, *, rounds: int = ROUNDS) -> list[Race]:
    """Every race, so many rounds each."""
    races: dict[str, Callable[[World, int], list[str]]] = {
        "20 identical pushes": _identical_pushes,
        "5 workers on one message": _five_workers,
        "STOP between queue and claim": _stop_before_claim,
        "two sweepers": _two_sweepers,
        "a receipt and a lease's end": _receipt_and_lease,
    }
    found = []
    for name, race in races.items():
        world = World.begin(site, seed=1)
        own(world, requests_in.NUMBER)
        # The metrics of a process are one thread's: here they are none.
        with site.quiet(), patch.dict(os.environ, {"POWERTOOLS_METRICS_DISABLED": "true"}):
            wrong = [one for number in range(rounds) for one in race(world, number)]
        world.end()
        found.append(Race(name, rounds, tuple(wrong)))
    return found


def _at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `count` threads get that begin together."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> Any:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def _call(world: World, function: str, event: dict[str, Any]) -> Any:
    """The function in this thread, and in this thread only: nothing goes wrong, and its time is its own."""
    site = world.site
    return site.handlers[function](event, Context(site, site.clock.now + site.timeouts[function]))


def _texts(world: World, peer: str) -> list[dict[str, Any]]:
    return [one for one in world.items() if "direction" in one and one["peer"] == peer]


def _queued(world: World, peer: str, key: str) -> Message:
    settings = Numbers(Table(world.table)).get(requests_in.NUMBER)
    if settings is None:
        raise LookupError(requests_in.NUMBER)
    draft = Draft(origin="race", key=key, to=peer, text=f"race {key}")
    return accept(draft, settings, Messages(Table(world.table)), country="AU", now=now_ms())


def _peer(number: int) -> str:
    return f"+61433{number:06d}"


def _identical_pushes(world: World, number: int) -> list[str]:
    peer = _peer(number)
    push = requests_in.text(f"RACE-{number}", peer=peer, body=f"race {number}", at=now_ms())
    event = requests_in.webhook(push, world.site.token, "sms")
    statuses = Counter(
        answer["statusCode"] for answer in _at_once(20, lambda _: _call(world, "inbound_webhook", event))
    )
    stored = len(_texts(world, peer))
    unread = [one.get("unread_101") for one in world.items() if one["sk"] == "SUMMARY" and one["peer"] == peer]
    wrong = [] if stored == 1 and unread == [1] else [f"{stored} stored, {unread} unread"]
    # What could not be settled within the deadline says 503, and ClickSend tries again.
    return wrong + [f"answered {status}" for status in statuses if status not in {200, 503}]


def _five_workers(world: World, number: int) -> list[str]:
    message = _queued(world, _peer(number), f"five {number}")
    messages = Messages(Table(world.table))
    claims = _at_once(5, lambda one: messages.claim([message], worker=f"worker-{one}", now=now_ms()))
    won = [one for one in claims if one]
    return [] if len(won) == 1 else [f"{len(won)} workers claimed it"]


def _stop_before_claim(world: World, number: int) -> list[str]:
    """STOP and the sending of a queued text at once: it goes out or is refused, and a later one is refused for sure."""
    peer = _peer(number)
    message = _queued(world, peer, f"stop {number}")
    push = requests_in.text(f"STOP-{number}", peer=peer, body="STOP", at=now_ms())
    stop = requests_in.webhook(push, world.site.token, "sms")
    bell = queues.Bell("bell", json.dumps({"message_id": message.id, "attempt": 1}), "group", 0)
    acts: list[Callable[[], Any]] = [
        lambda: _call(world, "inbound_webhook", stop),
        lambda: _call(world, "outbound_sender", queues.sqs_event([bell])),
    ]
    _at_once(2, lambda one: acts[one]())
    found = Messages(Table(world.table)).by_id(message.id)
    wrong = []
    if found is None or found.state not in {State.SENT, State.REJECTED}:
        wrong.append(f"it is {found and found.state}")
    try:
        _queued(world, peer, f"after stop {number}")
    except OptedOut:
        return wrong
    return [*wrong, "a text after STOP was accepted"]


def _two_sweepers(world: World, number: int) -> list[str]:
    """Both find the same dead worker's message: one step, not two."""
    message = _queued(world, _peer(number), f"sweep {number}")
    messages = Messages(Table(world.table))
    claimed = messages.claim([message], worker="dead", now=now_ms())
    if not claimed:
        return ["it was not claimed"]
    world.site.clock.advance(LEASE + MINUTE)
    sweep = assemble.sweep()
    _at_once(2, lambda _: sweep.run(remaining=lambda: 60_000))
    found = messages.by_id(message.id)
    steps = [step.state for step in found.journey] if found else []
    return [] if steps.count(State.UNKNOWN) == 1 else [f"its journey is {steps}"]


def _receipt_and_lease(world: World, number: int) -> list[str]:
    """A receipt proves that it was sent while the sweeper calls it unknown: delivered wins, whoever is first."""
    message = _queued(world, _peer(number), f"lease {number}")
    messages = Messages(Table(world.table))
    claimed = messages.claim([message], worker="dead", now=now_ms())
    if not claimed:
        return ["it was not claimed"]
    custom = assemble.door().signer.custom_string("main", message.id)
    push = requests_in.receipt(ids.message_id("main", "race", str(number)), custom_string=custom, at=now_ms())
    event = requests_in.webhook(push, world.site.token, "receipt")
    acts: list[Callable[[], Any]] = [
        lambda: _call(world, "inbound_webhook", event),
        lambda: end_lease(messages, claimed[0], now=now_ms()),
    ]
    _at_once(2, lambda one: acts[one]())
    found = messages.by_id(message.id)
    return [] if found and found.state is State.DELIVERED else [f"it is {found and found.state}"]
