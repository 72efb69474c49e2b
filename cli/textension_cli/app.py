"""`textension`: the command line's root."""

import typer

from textension_cli import (
    catch_up,
    credentials,
    dlq,
    doctor,
    following,
    fspbx,
    messages,
    numbers,
    numbers_bulk,
    numbers_sync,
    opt_outs,
    push,
    quarantine,
    resending,
    send,
    subaccounts,
    usage,
    users,
    webhook,
    webhook_proof,
    webhook_rotation,
)

app = typer.Typer(
    name="textension",
    help="Two-way SMS between ClickSend and the extensions of a PBX.",
    epilog=(
        "\b\nWithout --stack, commands speak to the local stack that make run started.\n"
        "Every command explains itself: textension numbers add --help"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they would show the values of variables, secrets among them
)

# Commands of these groups that stand in modules of their own.
_MORE = (webhook_rotation, webhook_proof, numbers_bulk, numbers_sync)

app.add_typer(credentials.app)
app.add_typer(subaccounts.app)
app.add_typer(webhook.app)
app.add_typer(numbers.app)
app.add_typer(users.app)
app.add_typer(messages.app)
app.add_typer(quarantine.app)
app.add_typer(opt_outs.app)
app.add_typer(dlq.app)
following.register(messages.app)
resending.register(messages.app)
app.add_typer(push.app)
send.register(app)
catch_up.register(app)
usage.register(app)
fspbx.register(app)
doctor.register(app)


def main() -> None:
    """The entry point."""
    app(prog_name="textension")
