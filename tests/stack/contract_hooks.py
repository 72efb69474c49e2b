"""What schemathesis must not ask: nobody reads it."""

from typing import Any, Final
from urllib.parse import urlencode

import schemathesis

LONGEST: Final = 8000
"""API Gateway reads 10,240 bytes of request line and headers."""


@schemathesis.hook
def filter_query(_context: Any, query: dict[str, Any] | None) -> bool:
    """Addresses that no server reads to their end."""
    return len(urlencode(query or {}, doseq=True, errors="replace")) < LONGEST
