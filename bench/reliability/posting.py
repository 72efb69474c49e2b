"""ClickSend's posts, many at once: each on a connection of its own, and as cheap as can be, beside what it measures."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

PATIENCE: Final = 15.0
"""Seconds: the shortest time-out that ClickSend's help ever gave."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a post was answered: a status, `refused`, `reset` or `no answer`; after how many seconds; when (Unix ms)."""

    what: str
    seconds: float
    at: int = 0


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts to one webhook."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, api_url: str, token: str) -> "Poster":
        """To the webhook for texts at this address."""
        parts = urlsplit(api_url)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"{api_url} has no host and port")
        return cls(parts.hostname, parts.port, f"{parts.path}/webhook/clicksend/sms/{token}")

    async def post_all(self, posts: Iterable[Mapping[str, Any]], rate: float) -> list[Answer]:
        """So many a second, each made and sent when its time has come; the answers in the order of the posts."""
        began = time.monotonic()
        tasks = []
        for number, values in enumerate(posts, 1):
            tasks.append(asyncio.create_task(self._post(urlencode(values).encode())))
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
        return list(await asyncio.gather(*tasks))

    async def _post(self, body: bytes) -> Answer:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                what = await self._exchange(body)
        except TimeoutError:
            what = "no answer"
        except ConnectionRefusedError:
            what = "refused"
        except ConnectionError:
            what = "reset"
        return Answer(what, time.monotonic() - began, time.time_ns() // 1_000_000)

    async def _exchange(self, body: bytes) -> str:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            head = (
                f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            line = await reader.readline()
            await reader.read()
        finally:
            writer.close()
        parts = line.split()
        return parts[1].decode() if len(parts) > 1 else "reset"
