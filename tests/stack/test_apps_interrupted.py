"""A connection that breaks again and again while texts come in: frames and changes together tell of each text once."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from tests.stack.apps import reset
from tests.stack.mobile import Mobile
from tests.stack.office import Office, eventually

pytestmark = pytest.mark.stack

TEXTS = 100
PER_SECOND = 5
SEED = 101


class Flaky:
    """An app on a bad line: connected for a while, cut off without a word, away for a while, and back again."""

    def __init__(self, app: Mobile, seed: int) -> None:
        self.app = app
        self.cuts = 0
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Come back a last time, close the gap, and go."""
        self._over.set()
        self._thread.join(60)

    def _live(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(WebSocketException, OSError), self.app.online() as socket:
                self._over.wait(self._chance.uniform(0.1, 2.5))
                self._cut(socket)
            self._over.wait(self._chance.uniform(0.0, 1.5))

    def _cut(self, socket: ClientConnection) -> None:
        """Sometimes properly, mostly as a tunnel does."""
        self.cuts += 1
        if self._chance.random() < 0.7:
            reset(socket.socket)


def test_nothing_is_missed_and_nothing_seen_twice_however_often_the_line_breaks(
    office: Office, ana: Mobile, ben: Mobile, figure: Callable[[str], None]
) -> None:
    peer = "+12025550151"
    flaky = [Flaky(ana, SEED), Flaky(ben, SEED + 1)]
    for one in flaky:
        one.app.catch_up()
        one.start()
    with ThreadPoolExecutor(8) as pool:
        posts = []
        for number in range(TEXTS):
            values = office.values(f"FLAKY-{number}", peer, f"text {number:03d}")
            posts.append(pool.submit(office.post_at_once, [values]))
            time.sleep(1 / PER_SECOND)
        assert [post.result() for post in posts] == [[200]] * TEXTS
    for one in flaky:
        one.stop()

    texts = [f"text {number:03d}" for number in range(TEXTS)]
    for one in flaky:
        eventually(
            lambda one=one: one.app.catch_up() or len(one.app.received(peer)) == TEXTS,  # type: ignore[misc]
            within=30,
            what="every text",
        )
        assert one.app.catch_up() == []
        assert sorted(one.app.received(peer)) == texts
        assert one.cuts >= 5
        assert one.app.frames > 0
    cuts, frames = ("/".join(str(count) for count in counts) for counts in zip(*_counts(flaky), strict=True))
    figure(
        f"apps on bad lines, {TEXTS} texts at {PER_SECOND}/s, seed {SEED}: cut {cuts} times; "
        f"{frames} by frame, the rest by /changes, each once"
    )


def _counts(flaky: list[Flaky]) -> list[tuple[int, int]]:
    return [(one.cuts, one.app.frames) for one in flaky]
