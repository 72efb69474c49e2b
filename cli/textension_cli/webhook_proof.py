"""`textension webhook test`: ClickSend's own test pushes, followed to where they end in the table."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer
from textension import ids
from textension.errors import NoAnswer

from textension_cli import clicksend, output, subaccounts, webhook
from textension_cli.command import FAILED, Session, command, confirm

if TYPE_CHECKING:
    from textension.aws.quarantine import Quarantined
    from textension.clicksend.rules import Kind

POLL: Final = 0.25
AGAIN: Final = 3.0
"""Seconds until another push, while the webhook has not heard yet that the subaccount may post."""
SETTLE: Final = 32.0
"""Seconds after which it must have heard: it looks at its secret at most once in 30 s for what it does not know."""
_EXPECTED: Final = frozenset({"number_unknown"})
"""ClickSend's test text is to a number of its own: that it is none of ours is what a quarantine says on AWS."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a test push ended: `stored`, `quarantined`, or `lost` where it did not come in time."""

    kind: str
    outcome: str
    reason: str = ""
    milliseconds: int = 0

    @property
    def good(self) -> bool:
        """Whether the way is open; that the test's number is not ours is no fault of the way."""
        return self.outcome == "stored" or (self.outcome == "quarantined" and self.reason in _EXPECTED)


@command(webhook.app, "test", "webhook test", "webhook test --wait 30 --stack textension")
def prove(
    session: Session,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=1, max=300, help="How long each may take.")
    ] = 20.0,
    yes: webhook.YES = False,
) -> None:
    """Have ClickSend post here, and follow it to the table.

    It posts an invented text and an invented receipt, of its own test numbers. The exit code is 1 when one does not
    arrive, or is refused.
    """
    confirm("Ask ClickSend for two test pushes? They go to our own address.", yes=yes or session.stack.local)
    found = [arrival(session, kind, wait) for kind in ("inbound", "receipts")]
    if session.as_json:
        output.write_json(
            [
                {"kind": one.kind, "outcome": one.outcome, "reason": one.reason, "milliseconds": one.milliseconds}
                for one in found
            ]
        )
    else:
        rows = [
            [one.kind, one.outcome, f"{one.milliseconds:,} ms" if one.milliseconds else "", words(one)] for one in found
        ]
        output.show(output.table(("Push", "Outcome", "After", "Why"), rows, fold=("Why",), right="After"))
    if not all(one.good for one in found):
        raise typer.Exit(FAILED)


def words(one: Arrival) -> str:
    """Why it ended there, and what to do."""
    if one.outcome == "lost":
        return one.reason or "not in time: textension webhook check, textension doctor"
    if one.reason in _EXPECTED:
        return "its number is ClickSend's own, as expected"
    if one.reason == "subaccount_unknown":
        return "its subaccount may not post: textension subaccounts list"
    return one.reason


def arrival(session: Session, kind: "Kind", wait: float) -> Arrival:
    """A test push, followed for `wait` seconds; more of them where a subaccount may have been allowed just now.

    Raises what ClickSend's refusal of the order is.
    """
    deadline = time.monotonic() + SETTLE
    while True:
        one = _push(session, kind, wait)
        if one.reason != "subaccount_unknown" or not _may_post(session) or time.monotonic() > deadline:
            return one
        with output.waiting("Until the webhook has heard that the subaccount may post"):
            time.sleep(AGAIN)


def _may_post(session: Session) -> bool:
    with clicksend.management(session) as there:
        return there.account().subaccount_id in subaccounts.allowed(session)


def _push(session: Session, kind: "Kind", wait: float) -> Arrival:
    address = clicksend.addresses(session).of(kind)
    with clicksend.management(session) as there:
        began = time.monotonic()
        try:
            posted = there.test_push(kind, address)
        except NoAnswer as lost:
            return Arrival(kind, "lost", f"ClickSend did not answer: {lost.reason}")
    clicksend_id = posted["message_id"].upper()
    mark = posted["body"] or posted["message_id"]
    stored = _text_stored if kind == "inbound" else _receipt_stored
    with output.waiting(f"Waiting for ClickSend's {kind} push"):
        outcome = _until(lambda: _found(session, stored, clicksend_id, mark), began + wait)
    took = round((time.monotonic() - began) * 1000)
    return Arrival(kind, outcome[0], outcome[1], took) if outcome else Arrival(kind, "lost")


def _until[T](see: Callable[[], T | None], deadline: float) -> T | None:
    while True:
        found = see()
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(POLL)


def _found(
    session: Session, stored: Callable[[Session, str], bool], clicksend_id: str, mark: str
) -> tuple[str, str] | None:
    if stored(session, clicksend_id):
        return "stored", ""
    post = _in_quarantine(session, (clicksend_id, mark))
    if post is None:
        return None
    session.stack.quarantine.remove(session.account, post.id)  # invented, and told about here
    return "quarantined", post.reason


def _text_stored(session: Session, clicksend_id: str) -> bool:
    return session.stack.messages.by_id(ids.message_id(session.account, "clicksend", clicksend_id)) is not None


def _receipt_stored(session: Session, clicksend_id: str) -> bool:
    return session.stack.messages.has_stray_receipt(session.account, clicksend_id)


def _in_quarantine(session: Session, marks: tuple[str, ...]) -> "Quarantined | None":
    """The newest post with one of these in it: forms write blanks as +, so all but letters and digits is left out."""
    wanted = [_bare(mark) for mark in marks if mark]
    start = None
    while True:
        page, start = session.stack.quarantine.page(session.account, start=start)
        for post in page:
            body = _bare(post.push.body.decode("utf-8", "replace"))
            if any(mark in body for mark in wanted):
                return post
        if start is None:
            return None


def _bare(text: str) -> str:
    return "".join(one for one in text.lower() if one.isalnum())
