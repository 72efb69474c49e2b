"""`python -m local run [--reset] [--empty] | stop | reset | build | openapi | invoke FUNCTION EVENT`."""

import argparse
import sys
from pathlib import Path

from . import build, config, lock, sam_local, stack
from .errors import LocalError


def main() -> int:
    """Do what was asked; 1 with one clear line where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start the local stack and follow its logs until Ctrl-C")
    run.add_argument("--reset", action="store_true", help="start empty")
    run.add_argument("--empty", action="store_true", help="without demo data: set it up with textension")
    commands.add_parser("stop", help="end the running stack")
    commands.add_parser("reset", help="forget all data of the stack that does not run")
    commands.add_parser("build", help="sam build, when something has changed")
    commands.add_parser("openapi", help="print the API's description")
    invoke = commands.add_parser("invoke", help="sam local invoke, beside the running stack")
    invoke.add_argument("function", help="a logical id, such as InboundWebhook")
    invoke.add_argument("event", type=Path, help="a file, such as events/inbound_webhook/form_16_keys.json")
    arguments = parser.parse_args()
    try:
        if arguments.command == "invoke":
            settings = config.from_environment()
            return sam_local.invoke(settings.stack_file, arguments.function, arguments.event)
        _do(arguments.command, reset=getattr(arguments, "reset", False), empty=getattr(arguments, "empty", False))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _do(command: str, *, reset: bool, empty: bool) -> None:
    if command == "build":
        print("Built." if build.ensure_built() else "Nothing has changed since the last build.")
        return
    if command == "openapi":
        from . import openapi  # the others do not need the API's packages

        print(openapi.text())
        return
    settings = config.from_environment()
    if command == "run":
        stack.run(settings, reset=reset, filled=not empty)
    elif command == "stop":
        print("Stopped." if lock.stop_holder(settings.state_dir) else "The local stack is not running.")
    else:
        with lock.held(settings.state_dir):
            stack.empty(settings.state_dir)
        print(f"{settings.state_dir} is empty.")


if __name__ == "__main__":
    sys.exit(main())
