"""ClickSend's REST API v3 over HTTPS: one request, one answer, and an honest word when there is none.

No retries here: whether a message may be sent again is not for an HTTP client to decide. No redirects: the
credentials go to one host only. Answers are read by `answers`, never with ClickSend's SDK, whose models raise on
answers that ClickSend documents.
"""

import re
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests  # noqa: TID251 - here is where it lives
from requests.adapters import HTTPAdapter  # noqa: TID251
from requests.auth import HTTPBasicAuth  # noqa: TID251
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from textension.clicksend import history, listing, paging
from textension.clicksend.answers import Answer, Meaning, Verdict, judge
from textension.clicksend.credentials import Credentials
from textension.clicksend.history import Row
from textension.clock import SECOND, Clock, now_ms
from textension.errors import ConfigurationError, NoAnswer

CONNECT_TIMEOUT: Final = 3.0
READ_TIMEOUT: Final = 15.0
REQUEST_TIMEOUT: Final = CONNECT_TIMEOUT + READ_TIMEOUT
"""Seconds that one call takes at most; `READ_TIMEOUT` also bounds the whole body."""
MAX_ANSWER: Final = 2 * 1024 * 1024
PAGE: Final = 100
"""Rows of a page: the most that ClickSend gives."""
MOST_PAGES: Final = 50
# A connection that idled, or slept with a frozen Lambda, may be dead without our knowing, and a message sent into
# it would be `unknown` for nothing. A fresh one costs a handshake.
LONGEST_IDLE: Final = 4.0
_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
_ADDRESS: Final = re.compile(rf"https://{_HOST}(?::[0-9]{{1,5}})?/?")
_LOCAL_ADDRESS: Final = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?/?")


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One message of a send request. `custom_string` comes back with the answer, every receipt and every reply."""

    to: str
    from_: str
    body: str
    custom_string: str


class _NoAnswerError(Exception):
    """A request that nothing came back for; `verdict` is what that proves about it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class ClickSend:
    """One account at ClickSend. Not for several threads."""

    def __init__(self, credentials: Credentials, *, allow_http: bool = False, clock: Clock = now_ms) -> None:
        self._credentials = credentials
        self._base_url = _base_url(credentials.base_url, allow_http=allow_http)
        self._clock = clock
        self._session: requests.Session | None = None
        self._used_at = 0.0

    def send(self, messages: Sequence[OutboundSms]) -> dict[str, Verdict]:
        """Send up to 1,000 messages in one request: `POST /v3/sms/send`. The verdict on each, by `custom_string`.

        Never raises for what ClickSend or the network does: that is what verdicts are for.
        """
        customs = [message.custom_string for message in messages]
        body = {
            "messages": [
                {
                    "to": message.to,
                    "from": message.from_,
                    "body": message.body,
                    "custom_string": message.custom_string,
                    "source": "textension",
                }
                for message in messages
            ]
        }
        try:
            answer = self._ask("POST", "/v3/sms/send", json=body)
        except _NoAnswerError as lost:
            return dict.fromkeys(customs, lost.verdict)
        return judge(answer, customs, now=self._clock())

    def numbers(self, *, remaining: Callable[[], int] = lambda: sys.maxsize) -> frozenset[str]:
        """The account's numbers for SMS, in E.164: `GET /v3/numbers`, all pages. No page is asked for without time.

        Raises NoAnswer when ClickSend told nothing usable, ConfigurationError when it refused the credentials.
        """
        found: frozenset[str] = frozenset()
        for number in range(1, MOST_PAGES + 1):
            if remaining() < REQUEST_TIMEOUT * SECOND:
                raise NoAnswer("OUT_OF_TIME")
            # Never ClickSend's own next_page_url: the credentials go to addresses that we made.
            answer = self.ask("GET", "/v3/numbers", params={"page": number, "limit": PAGE})
            page = listing.read(answer, now=self._clock())
            found |= page.numbers
            if number >= page.last:
                return found
        raise NoAnswer("TOO_MANY_PAGES")

    def history(
        self,
        *,
        first: int,
        last: int,
        to: str = "",
        most: int = 1000,
        remaining: Callable[[], int] = lambda: sys.maxsize,
    ) -> list[Row]:
        """What ClickSend remembers between two times (Unix ms), the oldest first: `GET /v3/sms/history`.

        Of texts to one number where `to` is given; about `most` rows at the most, cut off between pages.
        Raises NoAnswer when ClickSend told nothing usable, ConfigurationError when it refused the credentials.
        """
        found: list[Row] = []
        for number in range(1, MOST_PAGES + 1):
            if remaining() < REQUEST_TIMEOUT * SECOND:
                raise NoAnswer("OUT_OF_TIME")
            rows, more = self.history_page(number, first=first, last=last, to=to)
            found += rows
            if not more or len(found) >= most:
                return found
        return found

    def history_page(self, number: int, *, first: int, last: int, to: str = "") -> tuple[list[Row], bool]:
        """One page of `history`, counted from 1, in one request; and whether there are more. Raises as `history`."""
        query = {"date_from": first // SECOND, "date_to": last // SECOND, "order_by": "date:asc", "limit": PAGE}
        asked = {**query, "page": number, **({"q": f"to:{to}"} if to else {})}
        answer = self.ask("GET", "/v3/sms/history", params=asked)
        page = paging.read(answer, now=self._clock())
        return [one for one in map(history.row, page.rows) if one is not None], number < page.last

    def ask(self, method: str, path: str, **content: Any) -> Answer:
        """One request for whoever reads answers by himself, whatever its status: `management` does. Raises NoAnswer."""
        try:
            return self._ask(method, path, **content)
        except _NoAnswerError as lost:
            raise NoAnswer(lost.verdict.reason) from lost

    def close(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _ask(self, method: str, path: str, **content: Any) -> Answer:
        """One request and its answer, whatever its status. Raises _NoAnswerError."""
        session = self._fresh_session()
        try:
            request = session.prepare_request(requests.Request(method, f"{self._base_url}{path}", **content))
        except (requests.RequestException, ValueError) as error:
            raise _NoAnswerError(Verdict(meaning=Meaning.ACCOUNT, reason="REQUEST_NOT_BUILT")) from error
        try:
            return self._exchange(session, request)
        except (requests.RequestException, HTTPError) as error:
            self.close()
            raise _NoAnswerError(_verdict_on(error)) from error

    def _exchange(self, session: requests.Session, request: requests.PreparedRequest) -> Answer:
        started = time.monotonic()
        timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
        with session.send(request, timeout=timeout, allow_redirects=False, stream=True, verify=True) as response:
            content = bytearray()
            while chunk := response.raw.read1(64 * 1024, decode_content=True):
                content += chunk
                if len(content) > MAX_ANSWER or time.monotonic() - started > REQUEST_TIMEOUT:
                    self.close()  # the rest is not worth reading; what came is no answer
                    content.clear()
                    break
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status_code, headers, bytes(content))
        self._used_at = time.monotonic()
        return answer

    def _fresh_session(self) -> requests.Session:
        if time.monotonic() - self._used_at > LONGEST_IDLE:
            self.close()
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
            # Encoded here: requests itself knows Latin-1 only, and raises on what a careless paste brings along.
            self._session.auth = HTTPBasicAuth(self._credentials.username.encode(), self._credentials.api_key.encode())
            self._session.headers["User-Agent"] = "textension"
            self._session.headers["Content-Type"] = "application/json"  # ClickSend asks for it, of a GET too
            adapter = HTTPAdapter(max_retries=0)
            self._session.mount("https://", adapter)
            self._session.mount("http://", adapter)
        return self._session


def _base_url(url: str, *, allow_http: bool) -> str:
    pattern = _LOCAL_ADDRESS if allow_http else _ADDRESS
    if not pattern.fullmatch(url.strip()):
        raise ConfigurationError(
            "CLICKSEND_BASE_URL must be an https address without a path, such as https://rest.clicksend.com: correct "
            "it in the credentials secret"
        )
    return url.strip().rstrip("/")


def _certificate_refused(error: BaseException | None) -> bool:
    """Whether the handshake ended over the certificate: before a word of ours was said."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        reason = getattr(error, "reason", None)
        inner = next((one for one in (reason, *error.args) if isinstance(one, BaseException)), None)
        error = inner or error.__cause__ or error.__context__
    return False


def _verdict_on(error: Exception) -> Verdict:
    """No answer: only a connection that was never made proves that nothing was processed."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    if _certificate_refused(error):
        return Verdict(meaning=Meaning.NOT_PROCESSED, reason="CERTIFICATE_REFUSED")
    if isinstance(cause, NameResolutionError):
        return Verdict(meaning=Meaning.NOT_PROCESSED, reason="NAME_NOT_RESOLVED")
    if isinstance(cause, NewConnectionError):
        return Verdict(meaning=Meaning.NOT_PROCESSED, reason="CONNECTION_REFUSED")
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, ConnectTimeoutError):
        return Verdict(meaning=Meaning.NOT_PROCESSED, reason="CONNECT_TIMEOUT")
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return Verdict(meaning=Meaning.UNKNOWN, reason="ANSWER_TIMED_OUT")
    return Verdict(meaning=Meaning.UNKNOWN, reason="CONNECTION_LOST")
