"""A drawing of a workload: how many texts were accepted and how many ClickSend had, minute by minute."""

from collections.abc import Iterable, Sequence
from typing import Final

from bench.reliability.ledger import Entry, Hop

WIDTH: Final = 860
HEIGHT: Final = 340
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 52, 44
MINUTE: Final = 60_000
SERIES: Final = ((Hop.ACKNOWLEDGED, "accepted", "#64748b"), (Hop.ARRIVED, "at ClickSend", "#0f766e"))


def drawn(entries: Sequence[Entry], *, began: int, outage: tuple[int, int], title: str) -> str:
    """SVG of replies that were accepted and that arrived, with the outage shaded. Times in virtual Unix ms."""
    replies = [one for one in entries if one.text.startswith("out ")]
    last = max(one.at for one in replies) - began
    most = len({one.text for one in replies})

    def x(at: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - began) / last

    def y(count: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / most

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"',
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="600" fill="#0f172a">{title}</text>',
        f'<rect x="{x(outage[0]):.1f}" y="{TOP}" width="{x(outage[1]) - x(outage[0]):.1f}"',
        f'height="{HEIGHT - TOP - BOTTOM}" fill="#fee2e2"/>',
        f'<text x="{x(outage[0]) + 8:.1f}" y="{TOP + 18}" fill="#b91c1c">out of reach</text>',
    ]
    for count in _steps(most):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(count):.1f}" y2="{y(count):.1f}" stroke="#e2e8f0"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" text-anchor="end" fill="#475569">{count}</text>')
    for minute in _steps(last // MINUTE):
        at = began + minute * MINUTE
        parts.append(f'<text x="{x(at):.1f}" y="{HEIGHT - 22}" text-anchor="middle" fill="#475569">{minute}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end" fill="#475569">minutes</text>')
    for number, (hop, name, color) in enumerate(SERIES):
        points = [f"{x(at):.1f},{y(count):.1f}" for at, count in _stairs(replies, hop, began, began + last)]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="2"/>')
        at = WIDTH - RIGHT - 250 + 120 * number
        parts.append(f'<line x1="{at}" x2="{at + 18}" y1="38" y2="38" stroke="{color}" stroke-width="3"/>')
        parts.append(f'<text x="{at + 24}" y="42" fill="#0f172a">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _stairs(entries: Iterable[Entry], hop: Hop, began: int, ends: int) -> list[tuple[int, int]]:
    points, count = [(began, 0)], 0
    for at in sorted(one.at for one in entries if one.hop is hop):
        points += [(at, count), (at, count + 1)]
        count += 1
    return [*points, (ends, count)]


def _steps(most: int) -> list[int]:
    """Round numbers up to `most`: about five."""
    size = next(one * 10**power for power in range(6) for one in (1, 2, 5) if one * 10**power * 6 >= most)
    return list(range(0, most + 1, size))
