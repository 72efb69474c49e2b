"""`python -m local.simulator`: run the simulator until it is interrupted."""

import sys

from .config import HOST, from_environment
from .models import Wire
from .running import listen, make_server


def main() -> int:
    """Start from the environment; 1 with one line of reason when that cannot be."""
    try:
        config = from_environment()
        listener = listen(config.port)
    except (ValueError, OSError) as problem:
        print(f"The ClickSend simulator cannot start: {problem}", file=sys.stderr)
        return 1
    settings: Wire = {} if config.time_scale is None else {"time_scale": config.time_scale}
    server = make_server(config.credentials, config.state_file, settings)
    print(f"ClickSend simulator: http://{HOST}:{config.port}/ (API at /v3, control at /simulator)", flush=True)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
