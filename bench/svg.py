"""Horizontal bars as SVG, by hand: a chart that needs no library to be made, and none to be looked at."""

from typing import Final
from xml.sax.saxutils import escape

from bench.result import Chart, number

WIDTH: Final = 720
LABEL: Final = 230
VALUE: Final = 90
BAR: Final = 18
GAP: Final = 8
TOP: Final = 44
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:15px}"
    ".unit{fill:#616e7c}.bar{fill:#2f6f9f}.other{fill:#b8c4ce}.back{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.unit{fill:#9aa5b1}.back{fill:#1b2128}.bar{fill:#6fb1e0}"
    ".other{fill:#52606d}}"
)
OTHERS: Final = ("floor", "documented", "bare", "official", "requests", "lowest", "carrier")


def drawn(chart: Chart) -> str:
    """The chart as an SVG document. What is not ours has its own colour, by how its label begins."""
    height = TOP + len(chart.bars) * (BAR + GAP) + GAP
    longest = max((value for _, value in chart.bars), default=0) or 1
    room = WIDTH - LABEL - VALUE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{escape(chart.title)}</title>",
        f'<style>{STYLE}</style><rect class="back" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="12" y="25">{escape(chart.title)}</text>',
        f'<text class="unit" x="{WIDTH - 12}" y="25" text-anchor="end">{escape(chart.unit)}</text>',
    ]
    for index, (label, value) in enumerate(chart.bars):
        top = TOP + index * (BAR + GAP)
        width = max(value / longest * room, 1)
        kind = "other" if label.startswith(OTHERS) else "bar"
        parts += [
            f'<text x="{LABEL - 10}" y="{top + 14}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            f'<text x="{LABEL + width + 8:.1f}" y="{top + 14}">{number(value)}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
