"""Webhook pushes: ClickSend's calls to us, with its retries."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import httpx

from .models import Settings, Wire
from .payloads import PushRequest
from .rules import refuse_url

WAITS = (10.0, 60.0, 300.0, 1800.0, 3600.0)
"""ClickSend fact: what is not answered 200 within 15 s comes again after 10 s, 1, 5 and 30 minutes and 1 hour."""

MOST_REMEMBERED = 20_000
MOST_AT_ONCE = 64


@dataclass(slots=True)
class Attempt:
    """One try: when it began, what came back, how long that took."""

    at: float
    status: int | None
    error: str | None
    seconds: float


@dataclass(slots=True)
class Push:
    """One webhook call that is to be answered with 200."""

    kind: Literal["inbound", "receipt", "test"]
    message_id: str
    request: PushRequest
    waits: Sequence[float] = WAITS
    attempts: list[Attempt] = field(default_factory=list)
    done: bool = False
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first attempt is over."""

    @property
    def delivered(self) -> bool:
        """ClickSend fact: only 200 counts."""
        return bool(self.attempts) and self.attempts[-1].status == 200

    def shape(self) -> Wire:
        """The push as control shows it; the webhook's token is masked."""
        return {
            "kind": self.kind,
            "message_id": self.message_id,
            "method": self.request.method,
            "url": masked(self.request.url),
            "content_type": self.request.content_type,
            "attempts": [
                {"at": a.at, "status": a.status, "error": a.error, "seconds": round(a.seconds, 3)}
                for a in self.attempts
            ],
            "statuses": [attempt.status for attempt in self.attempts],
            "delivered": self.delivered,
            "done": self.done,
        }


def masked(url: str) -> str:
    """The URL without what may be a token: its last path segment, every long one, and the query."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    segments = [*("***" if len(segment) > 15 else segment for segment in segments[:-1]), "***"]
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{'/'.join(segments)}" if len(segments) > 1 else f"{parts.scheme}://{host}/***"


class Pusher:
    """Sends pushes in the background and remembers how they went."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context()
        self._clients = [self._new_client() for _ in range(MOST_AT_ONCE)]
        self._free = asyncio.LifoQueue[httpx.AsyncClient]()
        for client in self._clients:
            self._free.put_nowait(client)
        self._tasks: set[asyncio.Task[None]] = set()
        self.pushes: deque[Push] = deque(maxlen=MOST_REMEMBERED)

    def start(self, push: Push) -> Push:
        """Begin with a push; it goes on by itself until it is answered with 200 or ClickSend gives up."""
        self.pushes.append(push)
        task = asyncio.create_task(self._run(push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return push

    async def clear(self) -> None:
        """Stop every push that is still under way, and forget all."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.pushes.clear()

    async def close(self) -> None:
        """Stop for good."""
        await self.clear()
        for client in self._clients:
            await client.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        """A client for one push at a time: httpx's own pool searches all of its connections for each request."""
        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=self._tls,
            timeout=None,  # noqa: S113  each attempt has one deadline over all of its phases, see _call
            limits=httpx.Limits(max_keepalive_connections=2),
        )

    async def _run(self, push: Push) -> None:
        try:
            await self._attempt(push)
            push.tried.set()
            for wait in push.waits:
                if push.delivered:
                    break
                await asyncio.sleep(wait * self._settings().time_scale)
                await self._attempt(push)
        finally:
            push.done = True
            push.tried.set()

    async def _attempt(self, push: Push) -> None:
        client = await self._free.get()  # waiting for one is no part of the 15 s
        try:
            push.attempts.append(await self._attempt_with(client, push))
        finally:
            self._free.put_nowait(client)

    async def _attempt_with(self, client: httpx.AsyncClient, push: Push) -> Attempt:
        at, begun = time.time(), time.monotonic()
        status, error = None, refuse_url(push.request.url)
        if error is None:
            try:
                status = await self._call(client, push.request)
            except TimeoutError:
                error = "timeout"
            except (httpx.HTTPError, httpx.InvalidURL) as problem:
                error = type(problem).__name__
        return Attempt(at, status, error, time.monotonic() - begun)

    async def _call(self, client: httpx.AsyncClient, request: PushRequest) -> int:
        headers = {"content-type": request.content_type} if request.content_type else {}
        async with asyncio.timeout(self._settings().push_timeout_seconds):
            response = await client.request(request.method, request.url, content=request.content, headers=headers)
        return response.status_code
