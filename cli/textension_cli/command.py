"""What every command has: the options that choose a stack and an account, and errors as one line with an exit code.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it failed, is not there, or is in conflict |
| 2 | what was given cannot be used |
"""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, Final

import typer
from textension.errors import BadInput, TextensionError, Unavailable

from textension_cli import output
from textension_cli.stack import Choice, Stack, open_stack, why

FAILED: Final = 1
UNUSABLE: Final = 2

# What template.yaml allows: an account's name is part of keys.
_ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's stack and account, and how it is to answer."""

    stack: Stack
    account: str
    as_json: bool


def group(name: str, help_text: str) -> typer.Typer:
    """A group of commands; named alone, it shows what it has."""
    return typer.Typer(name=name, help=help_text, no_args_is_help=True, rich_markup_mode=None)


_STACK = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="A CloudFormation stack on AWS; without it, the local stack."),
]
_REGION = Annotated[str | None, typer.Option("--region", metavar="NAME", help="The AWS region of --stack.")]
_PROFILE = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile for --stack.")]
_ACCOUNT = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="The account; without it, the stack's own.")
]
_JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_SHARED: Final[dict[str, tuple[Any, Any]]] = {
    "stack": (_STACK, None),
    "region": (_REGION, None),
    "profile": (_PROFILE, None),
    "account": (_ACCOUNT, None),
    "as_json": (_JSON, False),
}


def command[**P](
    app: typer.Typer, name: str, *examples: str
) -> Callable[[Callable[Concatenate[Session, P], None]], Callable[Concatenate[Session, P], None]]:
    """Make a function a command of `app`: its own options, then the shared ones; `examples` end its help.

    The function is given a Session in place of the shared options.
    """

    def register(function: Callable[Concatenate[Session, P], None]) -> Callable[Concatenate[Session, P], None]:
        call: Callable[..., None] = function

        @functools.wraps(function)
        def run(**options: Any) -> None:
            shared = {shared_name: options.pop(shared_name) for shared_name in _SHARED}
            choice = Choice(shared["stack"], shared["region"], shared["profile"])
            with _Errors(choice):
                call(_session(choice, shared["account"], as_json=shared["as_json"]), **options)

        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        common = [
            inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for one, (annotation, default) in _SHARED.items()
        ]
        run.__signature__ = signature.replace(  # type: ignore[attr-defined] # what Typer reads
            parameters=[*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *common]
        )
        epilog = "\b\nExamples:\n" + "\n".join(f"  textension {example}" for example in examples)
        app.command(name, epilog=epilog)(run)
        return function

    return register


def confirm(question: str, *, yes: bool) -> None:
    """Go on only after a yes, said now or by --yes. Raises BadInput where nobody can answer."""
    if yes:
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort as error:
        raise BadInput("nobody answered the question: give --yes to go on without it") from error
    if not agreed:
        raise typer.Abort


def _session(choice: Choice, account: str | None, *, as_json: bool) -> Session:
    if choice.stack is None and (choice.region or choice.profile):
        raise BadInput("--region and --profile go with --stack NAME: name the stack")
    if account is not None and not _ACCOUNT_NAME.fullmatch(account):
        raise BadInput(f"--account {account}: an account's name has small letters, digits and hyphens, like main")
    stack = open_stack(choice)
    return Session(stack=stack, account=account or stack.account, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Errors:
    """Turns the package's errors into a line on stderr and an exit code."""

    choice: Choice

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Unavailable):
            output.fail(why(error, self.choice))
        elif isinstance(error, TextensionError):
            output.fail(str(error))
        else:
            return
        raise typer.Exit(UNUSABLE if isinstance(error, BadInput) else FAILED) from error
