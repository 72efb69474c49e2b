"""How a text is cut into segments: what it costs, and whether it fits.

GSM 03.38: 160 septets, or 153 in each of several segments; characters of its extension table take two. Anything outside
makes the whole text UCS-2: 70 UTF-16 units, or 67 in each of several.
"""

from dataclasses import dataclass
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Size:
    """A text's encoding (`GSM-7` or `UCS-2`), its length in that encoding's units, and its number of segments."""

    encoding: str
    characters: int
    segments: int


def measure(text: str) -> Size:
    """The size of a text; an empty one has no segments."""
    if all(character in _BASIC or character in _EXTENSION for character in text):
        units = sum(2 if character in _EXTENSION else 1 for character in text)
        return Size("GSM-7", units, _segments(units, 160, 153))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Size("UCS-2", units, _segments(units, 70, 67))


def _segments(units: int, single: int, part: int) -> int:
    return min(units, 1) if units <= single else -(-units // part)
