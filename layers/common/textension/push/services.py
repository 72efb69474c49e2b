"""Where a push may go. A client names the address that we post to, so only browsers' makers' own services will do."""

import re
from typing import Final

PUSH_SERVICES: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "notify.windows.com",
)
"""Their hosts, and all below them."""

# Matched whole, and nothing in it that one parser of addresses reads otherwise than another.
_PATH: Final = r"(?:/[!-\[\]-~]*)?"
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(rf"https://({_LABEL}(?:\.{_LABEL})*)(?::443)?{_PATH}", re.IGNORECASE)
_LOCAL_ADDRESS: Final = re.compile(rf"http://127\.0\.0\.1:[0-9]{{1,5}}{_PATH}")


def is_known(endpoint: str, *, local: bool) -> bool:
    """Whether the address is one of a push service; on the local stack also one of this machine."""
    if local and _LOCAL_ADDRESS.fullmatch(endpoint):
        return True
    match = _ADDRESS.fullmatch(endpoint)
    host = match[1].lower() if match else ""
    return any(host == one or host.endswith(f".{one}") for one in PUSH_SERVICES)
