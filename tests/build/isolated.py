"""What Lambda does with a built function, without Lambda: runs in an interpreter of its own, by `python -I -S`.

Reads an order as JSON from standard input: what is on the path, in Lambda's order, the modules to import, and the
event for the function's handler. Writes, as the last line of its output, what came of it.
"""

import json
import sys
import time


class Context:
    """The context that the runtime hands to a handler, as far as anybody looks at it."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-southeast-2:123456789012:function:function"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Milliseconds."""
        return 30_000


def imported() -> list[str]:
    """The modules loaded so far that do not come with Python."""
    return sorted(name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names)


def run(order: dict[str, object]) -> dict[str, object]:
    """Import, and call the handler where there is an event."""
    started = time.perf_counter()
    modules = {name: __import__(name, fromlist=["_"]) for name in list(order["modules"])}  # type: ignore[call-overload]
    report: dict[str, object] = {"import_seconds": time.perf_counter() - started, "imported": imported()}
    if "event" in order:
        started = time.perf_counter()
        try:
            report["answer"] = modules["app"].handler(order["event"], Context())
        except Exception as error:  # noqa: BLE001 - what it is, is what the test asks
            report["raised"] = type(error).__name__
        report |= {"handler_seconds": time.perf_counter() - started, "used": imported()}
    return report


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.path[:0] = given["before"]
    sys.path.extend(given["after"])
    done = json.dumps(run(given))
    sys.stdout.write(f"\n{done}\n")
