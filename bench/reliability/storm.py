"""Texts in both directions, and what is killed meanwhile: at random moments that a seed chooses."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from bench import dynamodb_local as amazons
from bench.reliability.outside import Outside

TEXTS_A_SECOND: Final = 5.0
INBOUND: Final = 0.6
PEERS: Final = 40
KILL_EVERY: Final = 0.4
"""Seconds on average; the others are one in so many."""
STOP_ALL_EVERY: Final = 45.0
STOPPED_FOR: Final = 2.0
KILL_TABLE_EVERY: Final = 40.0


@dataclass(slots=True)
class Storm:
    """So many seconds of it. `restarts` counts how often all workers were stopped at once, and the table killed."""

    outside: Outside
    table: amazons.OnDisk
    seconds: float
    seed: int
    restarts: Counter[str] = field(default_factory=Counter)
    _end: threading.Event = field(default_factory=threading.Event)

    def rage(self, crew: Sequence["Future[None]"]) -> None:
        """Until it is over, or one of the crew has ended."""
        ends = time.monotonic() + self.seconds
        with ThreadPoolExecutor(4) as threads:
            fates = [threads.submit(one) for one in (self._text, self._kill, self._stop_all, self._kill_table)]
            while time.monotonic() < ends and not any(one.done() for one in crew):
                time.sleep(0.1)
            self._end.set()
        for one in fates:
            one.result()

    def _text(self) -> None:
        for number, chooser in enumerate(self._moments("texts", 1 / TEXTS_A_SECOND)):
            peer = f"+6142222{chooser.randrange(PEERS):04d}"
            if chooser.random() < INBOUND:
                self.outside.text_in(f"in {number}", peer)
            else:
                self.outside.ask(f"out {number}", peer)

    def _kill(self) -> None:
        for chooser in self._moments("kills", KILL_EVERY):
            self.outside.pool.kill_one(chooser)

    def _stop_all(self) -> None:
        for _ in self._spread("stops", STOP_ALL_EVERY):
            self.outside.pool.open.clear()
            self.outside.pool.kill_all()
            time.sleep(STOPPED_FOR)
            self.outside.pool.open.set()
            self.restarts["all workers at once"] += 1

    def _kill_table(self) -> None:
        for _ in self._spread("table", KILL_TABLE_EVERY):
            self.table.kill()
            self.table.start()
            self.restarts["DynamoDB Local"] += 1

    def _moments(self, name: str, every: float) -> Iterator[random.Random]:
        """Again and again, until the end."""
        chooser = random.Random(f"{self.seed}-{name}")
        while not self._end.wait(chooser.expovariate(1 / every)):
            yield chooser

    def _spread(self, name: str, every: float) -> Iterator[None]:
        """So often as fits in, at least once."""
        chooser, began = random.Random(f"{self.seed}-{name}"), time.monotonic()
        count = max(round(self.seconds / every), 1)
        for at in sorted(chooser.uniform(0.1, 0.8) * self.seconds for _ in range(count)):
            if self._end.wait(max(began + at - time.monotonic(), 0)):
                return
            yield
