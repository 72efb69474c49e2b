"""Ports: free ones for `0`, the same ones again after a restart, and one clear line for a taken one."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from .config import HOST, PORT_VARIABLES
from .errors import LocalError


def choose(wanted: Mapping[str, int], memory: Path) -> dict[str, int]:
    """Settle every port; `0` becomes the port of the last run (kept in `memory`), else any free one.

    The same port again matters: queue URLs that CloudFormation handed to the functions hold it.
    Raises LocalError for a port that something else listens on.
    """
    last = _remembered(memory)
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        if port:
            _refuse_taken(port, PORT_VARIABLES[name])
            chosen[name] = port
        elif is_free(last.get(name, 0)) and last[name] not in chosen.values():
            chosen[name] = last[name]
        else:
            chosen[name] = _any_free(set(chosen.values()))
    memory.write_text(json.dumps(chosen), encoding="utf-8")
    return chosen


def is_free(port: int) -> bool:
    """Whether this process could listen on `port` of the loopback address."""
    if not port:
        return False
    with socket.socket() as client:
        if client.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _refuse_taken(port: int, variable: str) -> None:
    if not is_free(port):
        raise LocalError(f"Port {port} is taken: stop what listens there, or choose another with {variable}=<port>.")


def _any_free(without: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in without:
            return port


def _remembered(memory: Path) -> dict[str, int]:
    if not memory.exists():
        return {}
    ports: dict[str, int] = json.loads(memory.read_text(encoding="utf-8"))
    return ports
