"""What the server of `workers` imports before it forks: the handlers, and what AWS's client reads from disk.

It does so at import, as the one purpose of this module; nobody else imports it.
"""

from typing import Any, Final

from textension.aws import clients
from textension.clicksend import client  # noqa: F401 - functions import it when they first need it

from bench.reliability import site
from bench.reliability.registry import DEFECTS

__all__ = ["DEFECTS", "HANDLERS"]

HANDLERS: Final[dict[str, Any]] = {name: site.load(name) for name in site.FUNCTIONS}

for _make in (clients.dynamodb, clients.secretsmanager, clients.sns, clients.sqs):
    _make()
    _make.cache_clear()  # what was read stays with the session; addresses and connections are each worker's own
