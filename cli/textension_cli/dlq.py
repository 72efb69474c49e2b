"""`textension dlq`: what was tried several times and given up, looked at and sent back."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import Progress
from textension.clock import iso
from textension.errors import BadInput, ConfigurationError, Unavailable

from textension_cli import output
from textension_cli.command import FAILED, Session, command, confirm, group

if TYPE_CHECKING:
    from textension.aws.dead_letters import DeadLetters, Letter

    from textension_cli.stack import Stack

app = group("dlq", "What was tried several times and given up: the dead-letter queues, and the failure queue.")

FAILURES: Final = "failure"
LONGEST: Final = 3600.0
"""Seconds that a redrive takes at most."""
_OUTPUT: Final = re.compile(r"(?P<name>[A-Z][A-Za-z]*)DeadLetterQueueUrl")


@dataclass(frozen=True, slots=True)
class Queue:
    """One such queue. `back` is where its messages come from; empty for the failure queue: it has several sources."""

    name: str
    url: str
    back: str = ""


def queues(stack: "Stack") -> list[Queue]:
    """The stack's queues of what was given up, by its outputs: `XDeadLetterQueueUrl` belongs to `XQueueUrl`."""
    found = [
        Queue(match["name"].lower(), url, stack.outputs.get(f"{match['name']}QueueUrl", ""))
        for output_name, url in sorted(stack.outputs.items())
        if (match := _OUTPUT.fullmatch(output_name))
    ]
    failures = stack.outputs.get("FailureQueueUrl")
    return [*found, Queue(FAILURES, failures)] if failures else found


@command(app, "list", "dlq list", "dlq list --stack textension --json")
def list_queues(session: Session) -> None:
    """List the queues, and how many messages each holds. All of them ought to be empty."""
    found = [(queue, _letters(queue).count()) for queue in queues(session.stack)]
    if session.as_json:
        output.write_json([{"name": queue.name, "messages": count, "url": queue.url} for queue, count in found])
        return
    rows = [[queue.name, f"{count:,}"] for queue, count in found]
    output.show(output.table(("Queue", "Messages"), rows, fold=(), right="Messages"))


_NAME = Annotated[str, typer.Argument(metavar="QUEUE", help="A name of textension dlq list.")]


@command(app, "show", "dlq show outbound", "dlq show email --limit 3 --json")
def show(
    session: Session,
    name: _NAME,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many.")] = 10,
) -> None:
    """Show some of a queue's messages, the oldest first. They stay where they are."""
    found = _letters(_queue(session, name)).peek(limit)
    if session.as_json:
        output.write_json([_as_json(one) for one in found])
        return
    if not found:
        output.say("The queue is empty.")
        return
    rows: list[output.Row] = [[output.when(one.sent_at), one.id, _kind(one), output.cut(one.body)] for one in found]
    output.show(output.table((f"Time ({output.zone()})", "Id", "Kind", "Content"), rows, fold=("Content",)))


@command(
    app, "redrive", "dlq redrive outbound", "dlq redrive --all --yes --stack textension", "dlq redrive email --json"
)
def redrive(
    session: Session,
    names: Annotated[list[str] | None, typer.Argument(metavar="QUEUE...", help="Names of textension dlq list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All queues.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Send what was given up back to where it came from, once the cause is mended. Safe to repeat.

    The exit code is 1 when something remains.
    """
    if bool(names) == everything:
        raise BadInput("give the queues to redrive, or --all")
    chosen = queues(session.stack) if everything else [_queue(session, name) for name in dict.fromkeys(names or ())]
    waiting = sum(_letters(queue).count() for queue in chosen)
    if waiting:
        confirm(f"Send {output.count(waiting, 'message')} back, in {session.stack.name}?", yes=yes)
    results = {queue.name: _redrive(session, queue) for queue in chosen}
    total: Counter[str] = sum(results.values(), Counter())
    if session.as_json:
        output.write_json({name: dict(counts) for name, counts in results.items()})
    elif not total:
        output.say("There is nothing to send back.")
    else:
        rows = [
            [name, *(f"{counts[what]:,}" for what in (SENT, SETTLED, LEFT))]
            for name, counts in results.items()
            if counts
        ]
        output.show(output.table(("Queue", "Sent back", "Done meanwhile", "Left"), rows, fold=()))
    if total[LEFT]:
        output.warn("What is left could not be sent, or is of a kind that nobody knows: textension dlq show")
        raise typer.Exit(FAILED)


SENT: Final = "sent_back"
SETTLED: Final = "settled"
LEFT: Final = "left"


def _redrive(session: Session, queue: Queue) -> Counter[str]:
    """Each message of a queue, once; counts by what became of it."""
    if queue.name != FAILURES and not queue.back:
        raise ConfigurationError(f"{session.stack.name} has no output for what feeds {queue.name}: deploy this version")
    done: Counter[str] = Counter()
    letters = _letters(queue)
    console = output.console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"Redriving {queue.name}", total=letters.count())

        def handle(letter: "Letter") -> bool:
            try:
                what = _settle(session, queue, letter)
            except Unavailable:
                what = LEFT
            done[what] += 1
            progress.advance(bar)
            return what != LEFT

        letters.each(handle, seconds=LONGEST)
    return done


def _settle(session: Session, queue: Queue, letter: "Letter") -> str:
    """Bring one message back to work. Raises Unavailable."""
    from textension.aws.dead_letters import send_back

    if queue.back:
        send_back(letter, queue.back)
        return SENT
    return _FAILURES.get(_kind(letter), _leave)(session, letter)


def _kind(letter: "Letter") -> str:
    """What a message of any of the queues is."""
    body = letter.json()
    if "specversion" in body:
        return "event"
    if body.keys() >= {"message_id", "attempt"}:
        return "doorbell"
    if "DDBStreamBatchInfo" in body:
        return "stream"
    if body.keys() >= {"requestContext", "requestPayload"}:
        return "call"
    if "SCHEDULE_ARN" in letter.attributes:
        return "schedule"
    return "feedback" if "mail" in body else "unknown"


def _publish_again(session: Session, letter: "Letter") -> str:
    """An event that a queue could not be told of: everybody hears it again, and drops it who knows its id."""
    from textension.aws.doorbells import Topic

    try:
        Topic(session.stack.outputs["EventsTopicArn"]).publish_again(letter.body)
    except (ValueError, KeyError, TypeError):
        return LEFT
    return SENT


def _feed_back(session: Session, letter: "Letter") -> str:
    from textension.aws.dead_letters import send_back

    queue = session.stack.outputs.get("EmailQueueUrl")
    if not queue:
        return LEFT
    send_back(letter, queue)
    return SENT


def _forget(_session: Session, _letter: "Letter") -> str:
    """Stream records name messages that stayed due in the table; a missed sweep was made up by the next one."""
    return SETTLED


def _leave(_session: Session, _letter: "Letter") -> str:
    return LEFT


_FAILURES: Final[dict[str, Callable[[Session, "Letter"], str]]] = {
    "event": _publish_again,
    "feedback": _feed_back,
    "stream": _forget,
    "call": _forget,
    "schedule": _forget,
}


def _queue(session: Session, name: str) -> Queue:
    known = queues(session.stack)
    for queue in known:
        if queue.name == name.lower():
            return queue
    raise BadInput(f"{name} is none of the queues: {', '.join(queue.name for queue in known)}")


def _letters(queue: Queue) -> "DeadLetters":
    from textension.aws.dead_letters import DeadLetters

    return DeadLetters(queue.url)


def _as_json(letter: "Letter") -> dict[str, Any]:
    return {
        "id": letter.id,
        "sent_at": iso(letter.sent_at),
        "receives": letter.receives,
        "kind": _kind(letter),
        "body": letter.body,
    }
