"""Every inbound text is pushed, once, to the browsers of the extensions that its number lists."""

import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from textension.aws.push_subscriptions import PushMarks, PushSubscription, PushSubscriptions
from textension.aws.secrets import PushSecret
from textension.clock import HOUR, SECOND, Clock, now_ms
from textension.errors import Undeliverable, Unreadable
from textension.message import Conversation
from textension.push import base64url, encryption, services
from textension.push.client import MOST_AT_ONCE, TIMEOUT, Outcome, Posted, PushClient
from textension.push.vapid import Vapid

LONGEST_TEXT: Final = 120
"""Characters of a text that a push may carry."""
KEPT: Final = 24 * HOUR
"""How long a service keeps a push for a browser that is out of reach."""
ENOUGH: Final = 9 * SECOND
"""Milliseconds that one text may take at worst: a service that says nothing, the table before and after."""
_SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound text, as its event tells of it."""

    message_id: str
    conversation: Conversation
    extensions: tuple[str, ...]
    text: str

    @classmethod
    def read(cls, body: str) -> "Received":
        """What the queue holds, a CloudEvent `message.received`. Raises Unreadable."""
        try:
            event = json.loads(body)
            data: dict[str, Any] = event["data"]
            extensions = data["extensions"]
            texts = [event["type"], *(data[name] for name in ("message_id", "account", "number", "peer", "text"))]
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable("not_an_event") from error
        if not isinstance(extensions, list) or not all(isinstance(one, str) for one in (*texts, *extensions)):
            raise Unreadable("not_an_event")
        kind, message_id, account, number, peer, text = texts
        if kind != "message.received" or not message_id or not account:
            raise Unreadable("not_an_event")
        return cls(message_id, Conversation(account, number, peer), tuple(dict.fromkeys(extensions)), _whole(text))

    def payload(self, *, show_text: bool) -> bytes:
        """What a push says of it: where to look, and a beginning of the text only where its reader allows that."""
        said = {
            "message_id": self.message_id,
            "number": self.conversation.number,
            "peer": _whole(self.conversation.peer),
        }
        if show_text:
            short = len(self.text) <= LONGEST_TEXT
            said["text"] = self.text if short else self.text[: LONGEST_TEXT - 1].rstrip() + "…"
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _whole(text: str) -> str:
    """A text as UTF-8 can carry it, without halves of surrogate pairs."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class Report:
    """What was done for one record, of which message; why some of it is still to be done, where it is."""

    message_id: str
    done: Counter[str] = field(default_factory=Counter)
    refused: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


type Browser = tuple[str, PushSubscription]
"""An extension, and where one of its browsers takes pushes."""


@dataclass(kw_only=True)
class Pushes:
    """Pushes texts. What a service did not take comes again for that browser only."""

    subscriptions: PushSubscriptions
    marks: PushMarks
    secret: PushSecret
    client: PushClient
    local: bool
    clock: Clock = now_ms
    _vapid: Vapid | None = None

    def take(self, body: str, *, repeated: bool, remaining: Callable[[], int]) -> Report:
        """One record of the queue; `repeated` when it has come before. `remaining` is the time left in ms.

        Raises Unreadable when it is no event, Unavailable when nothing could be done, ConfigurationError.
        """
        text = Received.read(body)
        vapid = self._signing()
        if vapid is None:
            return Report(text.message_id, Counter({_SKIPPED: 1}))
        if remaining() < ENOUGH:
            return Report(text.message_id, again=("no_time",))
        browsers = self._browsers(text)
        done = self.marks.of(text.message_id) if repeated else frozenset()
        waiting = [one for one in browsers if _mark(one) not in done]
        posted = self._posted(text, waiting, vapid, remaining)
        account = text.conversation.account
        for extension, subscription in (one for one, result in posted if result.outcome is Outcome.GONE):
            self.subscriptions.forget(account, extension, subscription)
        again = [result.reason for _, result in posted if result.outcome is Outcome.AGAIN]
        if again:
            settled = {_mark(one) for one, result in posted if result.outcome is not Outcome.AGAIN}
            self.marks.put(text.message_id, done | settled, now=self.clock())
        return Report(
            text.message_id,
            Counter(str(result.outcome) for _, result in posted),
            tuple(result.reason for _, result in posted if result.outcome is Outcome.REFUSED),
            tuple(again),
        )

    def _signing(self) -> Vapid | None:
        keys = self.secret.keys()
        if keys is None:
            return None
        if self._vapid is None or self._vapid.keys != keys:
            self._vapid = Vapid(keys)
        return self._vapid

    def _browsers(self, text: Received) -> list[Browser]:
        account = text.conversation.account
        return [
            (extension, subscription)
            for extension in text.extensions
            for subscription in self.subscriptions.of_extension(account, extension)
        ]

    def _posted(
        self, text: Received, browsers: list[Browser], vapid: Vapid, remaining: Callable[[], int]
    ) -> list[tuple[Browser, Posted]]:
        """All at once, so that none waits for another; one that is not answered in time is tried again."""
        if not browsers:
            return []
        pool = ThreadPoolExecutor(min(MOST_AT_ONCE, len(browsers)))
        try:
            futures = {pool.submit(self._post, text, one, vapid): one for _, one in browsers}
            rounds = -(-len(browsers) // MOST_AT_ONCE)
            longest = min(rounds * (TIMEOUT + 1), (remaining() - 2 * SECOND) / SECOND)
            finished, _ = wait(futures, timeout=max(longest, 0))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        late = Posted(Outcome.AGAIN, "no_answer")
        results = [future.result() if future in finished else late for future in futures]
        return list(zip(browsers, results, strict=True))

    def _post(self, text: Received, subscription: PushSubscription, vapid: Vapid) -> Posted:
        if not services.is_known(subscription.endpoint, local=self.local):
            return Posted(Outcome.REFUSED, "SERVICE_UNKNOWN")
        payload = text.payload(show_text=subscription.show_text)
        try:
            body = encryption.seal(payload, p256dh=subscription.p256dh, auth=subscription.auth)
        except Undeliverable as error:
            return Posted(Outcome.REFUSED, error.reason)
        address = urlsplit(subscription.endpoint)
        headers = {
            "Authorization": vapid.authorization(f"{address.scheme}://{address.netloc}", now=self.clock()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT // SECOND),
            "Topic": _topic(vapid, text.conversation),
            "Urgency": "high",
        }
        return self.client.post(subscription.endpoint, headers, body)


def _mark(browser: Browser) -> str:
    extension, subscription = browser
    return f"{extension}#{subscription.id}"


def _topic(vapid: Vapid, conversation: Conversation) -> str:
    """One for each conversation: of several pushes that wait there, a browser gets the last. Nobody else can tell which
    numbers it stands for."""
    parts: Iterable[str] = (conversation.account, conversation.number, conversation.peer)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return base64url.encode(hmac.digest(base64url.decode(vapid.keys.private), b"topic\0" + text, "sha256")[:16])
