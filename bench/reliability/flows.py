"""The six ways of a text: what is there before, and what then sets it going, with faults from there on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clock import HOUR, MINUTE
from textension.message import NumberSettings

from bench.reliability.app import App
from bench.reliability.faults import Nothing, Plan
from bench.reliability.ledger import Hop
from bench.reliability.requests_in import EXTENSION, NUMBER
from bench.reliability.site import Site
from bench.reliability.world import World

UNKNOWN_NUMBER: Final = "+61433333333"
"""One that is ours only once somebody has added it."""
PEER: Final = "+61422222222"
LONGEST: Final = 2 * 60
"""Virtual minutes in which everything of a flow is settled, whatever goes wrong once."""
MOST_CALLS: Final = 150
"""Functions of one run: no flow needs half as many."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`before` goes well; from `begin` on the plan decides."""

    name: str
    before: Callable[[World], None]
    begin: Callable[[World], None]
    minutes: int = LONGEST

    def run(self, site: Site, plan: Plan, *, seed: int) -> World:
        """One run to its end."""
        world = World.begin(site, seed=seed)
        own(world, NUMBER)
        self.before(world)
        world.ledger.answers.clear()
        site.forget()  # what follows begins with cold functions: reading the secrets may fail too
        site.boundaries.crossings, site.boundaries.fired = [], []
        site.boundaries.plan = plan
        self.begin(world)
        world.run(minutes=self.minutes, most=MOST_CALLS)
        site.boundaries.plan = Nothing()
        world.arrivals()
        if world.app:
            world.app.poll()
        return world


def own(world: World, number: str) -> None:
    """The number is ours, and of one extension."""
    settings = NumberSettings(number=number, account="main", extensions=(EXTENSION,), label="Sales")
    Numbers(Table(world.table)).put(settings)


def _nothing(_: World) -> None:
    """No history."""


def _text_of(world: World) -> str:
    return f"text {world.seed}"


def _inbound(world: World) -> None:
    world.text_in(_text_of(world), PEER)


def _unposted(world: World) -> None:
    """ClickSend cannot post the text, and gives it up."""
    world.text_in(_text_of(world), PEER, posted_after=None)


def _posted_late(world: World) -> None:
    """ClickSend posts the text after twenty minutes: by then it came in out of its history."""
    world.text_in(_text_of(world), PEER, posted_after=20 * MINUTE)


def _reply(world: World) -> None:
    world.ask(_text_of(world), PEER)


def _sent(world: World) -> None:
    """A text is at ClickSend, and its receipt has not come yet."""
    world.receipts = False
    _reply(world)
    world.run(minutes=1)
    world.receipts = True


def _listening(world: World) -> None:
    world.app = App.joined(world)


def _receipt(world: World) -> None:
    (arrived,) = world.ledger.of(Hop.ARRIVED)
    found = world.site.control.get("/simulator/sent", params={"to": PEER}).json()["messages"]
    world.report(next(one for one in found if one["message_id"] == arrived.detail), at=world.now)


def _sent_to_app(world: World) -> None:
    """The same, and an app listens."""
    _sent(world)
    _listening(world)


def _timed_out(world: World) -> None:
    """ClickSend takes the text and says nothing; the receipt comes twenty minutes later."""
    world.site.boundaries.mute = 1
    _reported_late(world)


def _reported_late(world: World) -> None:
    """Nothing but ClickSend's own answer tells us for twenty minutes what became of the text."""
    world.reported_after = 20 * MINUTE
    _reply(world)


def _scheduled(world: World) -> None:
    world.ask(_text_of(world), PEER, in_minutes=10)


def _quarantined(world: World) -> None:
    """A text to a number that was nobody's is in quarantine; now the number is ours."""
    world.text_in(_text_of(world), PEER, to=UNKNOWN_NUMBER)
    world.run(minutes=1)
    own(world, UNKNOWN_NUMBER)


def _replay(world: World) -> None:
    (post,) = [item for item in world.items() if str(item["pk"]).startswith("QUARANTINE#")]
    world.replay(_text_of(world), post["sk"])


def _two_texts(world: World) -> None:
    for number in (1, 2):
        world.text_in(f"{_text_of(world)} of two: {number}", PEER)


def _two_replies(world: World) -> None:
    """The second five minutes after the first, which is delivered by then."""
    world.ask(f"{_text_of(world)} of two: 1", PEER)
    second = f"{_text_of(world)} of two: 2"
    world.later.append((world.now + 5 * MINUTE, lambda: world.ask(second, PEER)))


def _without_stream(world: World) -> None:
    """The relay is broken for longer than the stream keeps its records."""
    world.stream.stopped_until = world.now + 30 * HOUR
    world.text_in(_text_of(world), PEER)
    world.ask(f"reply to {_text_of(world)}", PEER)


def _hurried(world: World) -> None:
    """The receipt comes inside the send: before we know that ClickSend has the text."""
    world.hurried = True
    _reply(world)


def _without_bell(world: World) -> None:
    """The queue loses the first doorbell."""
    world.queue.loses = 1
    _reply(world)


FLOWS: Final[Mapping[str, Flow]] = {
    flow.name: flow
    for flow in (
        Flow("inbound", _nothing, _inbound),
        Flow("receipt", _sent, _receipt),
        Flow("reply", _nothing, _reply),
        Flow("reply-timed-out", _nothing, _timed_out),
        Flow("scheduled", _nothing, _scheduled),
        Flow("replay", _quarantined, _replay),
    )
}
"""The ways that every text takes."""
SPECIAL: Final[Mapping[str, Flow]] = {
    flow.name: flow
    for flow in (
        Flow("two-texts", _nothing, _two_texts),
        Flow("two-replies", _nothing, _two_replies),
        Flow("without-stream", _nothing, _without_stream, minutes=31 * 60),
        Flow("receipt-inside-send", _nothing, _hurried),
        Flow("late-receipt", _nothing, _reported_late),
        Flow("without-bell", _nothing, _without_bell),
        Flow("never-posted", _nothing, _unposted),
        Flow("posted-late", _nothing, _posted_late),
        Flow("inbound-to-frame", _listening, _inbound),
        Flow("receipt-to-frame", _sent_to_app, _receipt),
    )
}
"""Some that are rarer."""
