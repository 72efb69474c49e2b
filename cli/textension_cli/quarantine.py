"""`textension quarantine`: posts that proved their origin and could not be taken in, looked at and tried again."""

import base64
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import Progress
from textension.clock import iso
from textension.errors import BadInput, ConfigurationError, NotFound, Unavailable

from textension_cli import output
from textension_cli.command import FAILED, Session, command, group

if TYPE_CHECKING:
    from textension.authenticity import Poster
    from textension.aws.quarantine import Quarantined

app = group("quarantine", "Posts of ClickSend's that could not be taken in.")

SHORT: Final = 12
"""Characters of an id that lists show."""
_MANY: Final = 10
"""From so many on, a replay shows how far it is."""
_PREFIX: Final = re.compile(r"[0-9a-f]{4,64}")


@command(app, "list", "quarantine list", "quarantine list --json")
def list_quarantine(session: Session) -> None:
    """List what is in quarantine, the newest first."""
    found = sorted(_all(session), key=lambda one: one.at, reverse=True)
    if session.as_json:
        output.write_json([_as_json(one) for one in found])
        return
    if not found:
        output.say("The quarantine is empty.")
        return
    rows: list[output.Row] = [
        [one.id[:SHORT], output.when(one.at), one.push.kind, f"{one.size:,}", one.reason, output.cut(_text(one))]
        for one in found
    ]
    columns = ("Id", f"Time ({output.zone()})", "Kind", "Bytes", "Reason", "Content")
    output.show(output.table(columns, rows, fold=("Content",), right="Bytes"))


@command(app, "show", "quarantine show 3f2a9c01", "quarantine show 3f2a9c01 --json")
def show(
    session: Session,
    post_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
) -> None:
    """Show one post: why it is here, and what it holds."""
    one = _find(session, post_id)
    if session.as_json:
        output.write_json({**_as_json(one), "body_base64": base64.b64encode(one.push.body).decode("ascii")})
        return
    kept = "" if one.whole else f", of which the first {len(one.push.body):,} were kept"
    output.show(
        output.fields(
            [
                ("Id", one.id),
                ("Reason", one.reason),
                ("Time", f"{output.when(one.at)} {output.zone()}"),
                ("Kind", one.push.kind),
                ("Address", "without a token" if one.bare else ""),
                ("Content-Type", one.push.content_type),
                ("Bytes", f"{one.size:,}{kept}"),
            ]
        )
    )
    output.say()
    output.say(output.printable(_text(one)) or "(empty)")


@command(
    app, "replay", "quarantine replay 3f2a9c01 77b0d4e2", "quarantine replay --all", "quarantine replay --all --json"
)
def replay(
    session: Session,
    post_ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="Ids, or the beginnings of them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is in quarantine.")] = False,
) -> None:
    """Take posts in again, once the cause is mended. What was taken in leaves the quarantine.

    The exit code is 1 when something remains.
    """
    if bool(post_ids) == everything:
        raise BadInput("give the ids to replay, or --all")
    poster = _poster(session)
    posts = _all(session) if everything else [_find(session, one) for one in dict.fromkeys(post_ids or ())]
    posts.sort(key=lambda one: one.at)
    results = _replay_all(poster, posts)
    counts = Counter(one.outcome for one in results)
    remaining = sum(one.remains for one in results)
    if session.as_json:
        items = [{"id": one.id, "outcome": one.outcome, "reason": one.reason} for one in results]
        output.write_json({"items": items, "counts": dict(counts), "remaining": remaining})
    elif not results:
        output.say("The quarantine is empty.")
    else:
        rows = [[one.id[:SHORT], one.outcome.replace("_", " "), one.reason] for one in results]
        output.show(output.table(("Id", "Outcome", "Reason"), rows, fold=("Reason",)))
        output.say(f"{output.count(len(results) - remaining, 'post')} taken in, {remaining:,} still in quarantine.")
    if remaining:
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one replayed post: a value of inbound.Taken, or `unavailable`."""

    id: str
    outcome: str
    reason: str = ""

    @property
    def remains(self) -> bool:
        """Whether it is still in quarantine."""
        return self.outcome in {"quarantined", "unavailable"}


def _replay_all(poster: "Poster", posts: Sequence["Quarantined"]) -> list[Result]:
    console = output.console(stderr=True)
    quiet = len(posts) < _MANY or not console.is_terminal
    results: list[Result] = []
    with Progress(console=console, transient=True, disable=quiet) as progress:
        for post in progress.track(posts, description="Replaying"):
            try:
                results.append(_replay(poster, post))
            except Unavailable as error:
                results.append(Result(post.id, "unavailable", str(error)))
    return results


def _replay(poster: "Poster", post: "Quarantined") -> Result:
    from textension import assemble

    outcome = assemble.door().replay(post, poster)
    return Result(post.id, outcome.taken, outcome.reason)


def _poster(session: Session) -> "Poster":
    from textension import assemble

    for one in assemble.webhook_secret().accounts():
        if one.account == session.account:
            return one
    raise ConfigurationError(f"the webhook secret has no entry whose account is {session.account}: add one")


def _all(session: Session) -> "list[Quarantined]":
    found, more = session.stack.quarantine.page(session.account)
    while more:
        page, more = session.stack.quarantine.page(session.account, start=more)
        found += page
    return found


def _find(session: Session, beginning: str) -> "Quarantined":
    wanted = beginning.strip().lower()
    if not _PREFIX.fullmatch(wanted):
        raise BadInput(f"{beginning} is not the beginning of an id: at least 4 of its digits and letters a to f")
    found, _ = session.stack.quarantine.page(session.account, id_begins=wanted, limit=2)
    if not found:
        raise NotFound(f"nothing in quarantine begins with {wanted}: see textension quarantine list")
    if len(found) > 1:
        raise BadInput(f"several posts begin with {wanted}: give more of the id")
    return found[0]


def _text(one: "Quarantined") -> str:
    return one.push.body.decode("utf-8", "backslashreplace")


def _as_json(one: "Quarantined") -> dict[str, Any]:
    return {
        "id": one.id,
        "at": iso(one.at),
        "reason": one.reason,
        "kind": one.push.kind,
        "content_type": one.push.content_type,
        "size": one.size,
        "kept": len(one.push.body),
        "bare": one.bare,
        "body": _text(one),
    }
