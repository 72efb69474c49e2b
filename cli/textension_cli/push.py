"""`textension push`: the key pair that tells browsers' push services who pushes."""

import re
from typing import Annotated, Final

import typer
from textension.errors import BadInput, Conflict

from textension_cli import output
from textension_cli.command import Session, command, group

app = group("push", "Pushes to browsers.")

_CONTACT: Final = re.compile(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+|https://[^\s/]+\.[^\s]+")


@command(app, "init", "push init ops@example.com", "push init https://example.com/contact --stack textension")
def init(
    session: Session,
    contact: Annotated[
        str,
        typer.Argument(
            metavar="CONTACT", help="An e-mail or https address, for push services that have something to say."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the keys that are there.")] = False,
) -> None:
    """Make the keys that pushes are signed with. Until then nobody is pushed.

    Browsers subscribe to one key: with others, each has to subscribe again.
    """
    from textension.aws.push_key import PushKey
    from textension.aws.secrets import put_push_keys
    from textension.push.vapid import new_keys

    address = contact if contact.startswith(("mailto:", "https://")) else f"mailto:{contact}"
    if not _CONTACT.fullmatch(address):
        raise BadInput(f"{contact} is neither an e-mail nor an https address")
    arn, parameter = session.stack.push_secret_arn, session.stack.push_key_parameter
    keys = new_keys(address)
    try:
        put_push_keys(arn, keys, replace=force)
    except Conflict as error:
        raise Conflict(
            f"{session.stack.name} has push keys already, and browsers that subscribed to them: "
            "--force replaces them, and each browser has to subscribe again"
        ) from error
    PushKey(parameter).put(keys.public)
    if session.as_json:
        output.write_json({"public_key": keys.public, "contact": keys.contact})
        return
    output.say(f"Made the push keys of {session.stack.name}. Browsers subscribe to:")
    output.say(f"  {keys.public}")
    output.say("The web app offers them within a minute. Keys that they replace are signed with for up to 5.")
