"""Seeded defects of what goes out: each is the real code with one thing broken."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from textension import accepting, ids, message, outbound, reconciling, sweep
from textension.aws import items, updates
from textension.aws.messages import Messages
from textension.clicksend import client as clicksend_client
from textension.clicksend.answers import Meaning, Verdict
from textension.clicksend.client import ClickSend
from textension.clock import now_ms
from textension.message import Message, moved
from textension.outbound import Sender
from textension.receipts import Receipts
from textension.reconciling import Reconciler
from textension.states import State

from bench.reliability.defects_inbound import Seeded
from bench.reliability.site import Site


def claim_without_condition(_: Site) -> Seeded:
    """Two workers may both claim a message."""
    make = updates.claim

    def loose(*given: Any, **more: Any) -> Any:
        claim = make(*given, **more)
        return replace(claim, condition=f"attribute_exists(pk) OR ({claim.condition})")

    return patch.object(updates, "claim", loose)


def resent_on_lease_expiry(_: Site) -> Seeded:
    """A dead worker's message goes back to the queue."""

    def again(found: Messages, one: Message, *, now: int) -> None:
        step = moved(one, State.QUEUED, at=now, source="sweeper", attempt=one.attempt + 1)
        found.move(one, step, fenced=True)

    return patch.object(sweep, "end_lease", again)


def unknown_is_resent(_: Site) -> Seeded:
    """What ClickSend did not answer goes back to the queue."""
    settle = Sender._settle

    def again(self: Sender, one: Message, to: State, verdict: Verdict, **more: Any) -> Message:
        if to is State.UNKNOWN:
            return self._requeue(one, verdict.reason, 1_000)
        return settle(self, one, to, verdict, **more)

    return patch.object(Sender, "_settle", again)


def timeout_is_proof(_: Site) -> Seeded:
    """A time-out is taken for a connection that was never made."""
    judge = clicksend_client._verdict_on

    def hopeful(error: Exception) -> Verdict:
        return replace(judge(error), meaning=Meaning.NOT_PROCESSED)

    return patch.object(clicksend_client, "_verdict_on", hopeful)


def server_error_is_proof(_: Site) -> Seeded:
    """A 500 is taken for a message that was not taken."""
    judge = vars(clicksend_client)["judge"]

    def hopeful(*given: Any, **more: Any) -> dict[str, Verdict]:
        found = judge(*given, **more)
        return {
            name: replace(one, meaning=Meaning.NOT_PROCESSED) if one.meaning is Meaning.UNKNOWN else one
            for name, one in found.items()
        }

    return patch.object(clicksend_client, "judge", hopeful)


def client_retries(_: Site) -> Seeded:
    """The HTTP client tries a request again by itself."""
    ask = ClickSend._ask

    def twice(self: ClickSend, *given: Any, **more: Any) -> Any:
        try:
            return ask(self, *given, **more)
        except clicksend_client._NoAnswerError:
            return ask(self, *given, **more)

    return patch.object(ClickSend, "_ask", twice)


def endless_lease(_: Site) -> Seeded:
    """A claim is due to nobody."""
    make = updates.claimed
    return patch.object(updates, "claimed", lambda *given, **more: replace(make(*given, **more), listed_at=10**15))


def leases_never_end(_: Site) -> Seeded:
    """The sweeper passes over dead workers' messages."""
    return patch.object(sweep, "end_lease", lambda *_, **__: None)


def due_at_without(state: State) -> Any:
    """A defect: no due_at in that state."""

    def seeded(_: Site) -> Seeded:
        due = vars(items)["due_at"]
        return patch.object(items, "due_at", lambda one: None if one.state is state else due(one))

    return seeded


def rung_once_for_ever(_: Site) -> Seeded:
    """A doorbell without effect is never rung again."""
    due = vars(items)["due_at"]

    def forgetful(one: Any) -> int | None:
        return None if one.state is State.QUEUED and one.rung_at else due(one)

    return patch.object(items, "due_at", forgetful)


def never_looked_up(_: Site) -> Seeded:
    """What is unknown stays so."""
    return patch.object(message, "first_look", lambda *_: None)


def matched_by_number(_: Site) -> Seeded:
    """Whatever went to the same peer is taken for the message that is looked for."""

    def anybody(_: Reconciler, __: str, ___: str, rows: Any) -> Any:
        found = list(rows)
        return dict.fromkeys(_every_id(), found[0]) if found else {}

    def _every_id() -> list[str]:
        return list(_looked_for)

    look = Reconciler._look
    _looked_for: list[str] = []

    def looking(self: Reconciler, group: Any, remaining: Any) -> Any:
        _looked_for[:] = [one.id for one in group]
        return look(self, group, remaining)

    stack = ExitStack()
    stack.enter_context(patch.object(Reconciler, "_ours", anybody))
    stack.enter_context(patch.object(Reconciler, "_look", looking))
    return stack


def silence_is_rejection(_: Site) -> Seeded:
    """What history does not know is called rejected, and may be sent again by hand without a warning."""
    step: Any = vars(reconciling)["moved"]
    allowed = vars(updates)["sources"]

    def called(one: Message, to: State, **more: Any) -> Message:
        found: Message = step(one, State.REJECTED if to is State.UNRESOLVED else to, **more)
        return found

    def lenient(target: State) -> frozenset[State]:
        return frozenset({*allowed(target), *({State.UNKNOWN} if target is State.REJECTED else ())})

    stack = ExitStack()
    stack.enter_context(patch.object(reconciling, "moved", called))
    stack.enter_context(patch.object(updates, "sources", lenient))
    return stack


def sent_is_not_told(_: Site) -> Seeded:
    """The step to `sent` is not announced, nor those after it."""
    step = message.moved

    def quietly(*given: Any, **more: Any) -> Message:
        return replace(step(*given, **more), unannounced=False)

    stack = ExitStack()
    for module in ("textension.outbound", "textension.receipts"):
        stack.enter_context(patch(f"{module}.moved", quietly))
    return stack


def key_ignored(_: Site) -> Seeded:
    """An app that asks again with the same key has asked for another text."""
    return patch.object(ids, "message_id", lambda *_: ids.content_digest(str(now_ms()))[:26].upper())


def schedule_ignored(_: Site) -> Seeded:
    """A scheduled text goes out at once."""
    times = accepting._times
    return patch.object(accepting, "_times", lambda *given: (None, times(*given)[1]))


def sweeper_blind(_: Site) -> Seeded:
    """The sweeper finds the index empty."""
    return patch.object(Messages, "due", lambda *_: ([], None))


@contextmanager
def accepted_before_stored(site: Site) -> Iterator[None]:
    """The API says 202 whatever became of it."""
    handler = site.handlers["app_api"]

    def always(event: dict[str, Any], context: Any) -> Any:
        answer = handler(event, context)
        if answer["statusCode"] < 500:
            return answer
        return {"statusCode": 202, "body": '{"id": "none"}'}

    with patch.dict(site.handlers, {"app_api": always}):
        yield


def answer_filled_in(_: Site) -> Seeded:
    """A message that ClickSend's answer does not speak of is taken for sent."""
    record = Sender._record

    def hopeful(self: Sender, one: Message, verdict: Verdict, open_until: int | None) -> Message:
        known = replace(verdict, meaning=Meaning.SENT) if verdict.meaning is Meaning.UNKNOWN else verdict
        return record(self, one, known, open_until)

    return patch.object(outbound.Sender, "_record", hopeful)


def late_answer_wins(_: Site) -> Seeded:
    """ClickSend's answer is recorded over whatever a receipt has said."""

    def over(old: Message, new: Message, _: Any) -> Any:
        step = updates.change(old, new, "attribute_exists(pk)", {}, always=updates._OF_THE_STATE)
        return [step]

    stack = ExitStack()
    stack.enter_context(patch.object(updates, "recorded", over))
    stack.enter_context(patch.object(Receipts, "folded", lambda _, one, __: one))
    return stack
