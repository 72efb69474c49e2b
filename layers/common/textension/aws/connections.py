"""The apps' WebSockets: tickets that open one, who holds which, and API Gateway's way of speaking to them."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients, items
from textension.aws.items import Key
from textension.aws.table import ConditionCheck, ConditionFailed, Delete, Put, Table, TransactionCancelled
from textension.aws.wire import Item, Wire
from textension.clock import HOUR, MINUTE, SECOND
from textension.errors import Refused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

TICKET_LIFE: Final = 30 * SECOND
CONNECTION_TTL: Final = 3 * HOUR
"""API Gateway ends a WebSocket after two hours; this is for those whose end nobody told us."""
BARRED_TIME: Final = 20 * MINUTE
"""Longer than an ID token lives and a ticket with it (15 minutes, `UserPoolClient` in template.yaml; 30 s)."""
IDLE_SECONDS: Final = 4.0
"""A connection to API Gateway that idled for longer is not used again: had it died while the function was frozen, the
frame would be lost, and nobody sends it again."""
POST_TIME: Final = 3 * SECOND
"""The longest that one post takes: `clients.POSTING` gives it 1 s to connect and 2 s to answer."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What opens one WebSocket: shown in its address, where a token has no place. `expires_at` is Unix ms."""

    text: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a ticket or a connection is; `user` is Cognito's `sub`."""

    account: str
    extension: str
    user: str


class Tickets:
    """The tickets of all accounts. The table knows only hashes of them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def issue(self, account: str, extension: str, user: str, now: int) -> Ticket:
        """A ticket that is good once, for 30 s. Raises Unavailable."""
        ticket = Ticket(secrets.token_urlsafe(32), now + TICKET_LIFE)
        item: Item = {
            "account": account,
            "extension": extension,
            "user": user,
            "expires": ticket.expires_at,
            "expires_at": ticket.expires_at // SECOND + 1,
            "version": 1,
        }
        # Nobody else has this key: where an answer is lost, the client writes the same again.
        self._table.put(Put(_ticket_key(ticket.text), item, condition=""))
        return ticket

    def redeem(self, text: str, now: int) -> Holder:
        """Use a ticket up; whose it was. Of several at once, one succeeds. Raises Refused, Unavailable."""
        try:
            item = self._table.delete(_ticket_key(text), "attribute_exists(pk) AND expires > :now", {":now": now})
        except ConditionFailed as error:
            raise Refused("ticket_expired" if error.found else "ticket_unknown") from error
        if item is None:
            raise Refused("ticket_unknown")
        return _holder(item)


def _ticket_key(text: str) -> Key:
    return items.ticket_key(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def _holder(item: Item) -> Holder:
    return Holder(item["account"], item["extension"], item["user"])


@dataclass(frozen=True, slots=True)
class Connection:
    """One open WebSocket by API Gateway's id; `connected_at` is Unix ms."""

    id: str
    holder: Holder
    connected_at: int


class Connections:
    """Who is connected. Every method raises Unavailable when DynamoDB cannot be reached."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, connection: Connection) -> None:
        """Note that somebody has connected. Raises Refused for who is barred."""
        holder = connection.holder
        whose: Item = {
            "account": holder.account,
            "extension": holder.extension,
            "expires_at": (connection.connected_at + CONNECTION_TTL) // SECOND,
            "version": 1,
        }
        item = {**whose, "user": holder.user, "connected_at": connection.connected_at}
        key, pointer = _keys(holder.account, holder.extension, connection.id)
        free = ConditionCheck(
            items.barred_key(holder.user, holder.extension),
            "attribute_not_exists(pk) OR expires <= :now",
            {":now": connection.connected_at},
        )
        try:
            self._table.transact(free, Put(key, item, condition=""), Put(pointer, whose, condition=""))
        except TransactionCancelled as error:
            raise Refused("barred") from error

    def bar(self, user: str, extension: str, now: int) -> None:
        """Until no token of before is good any more, the user opens none as this extension; those open stay open."""
        until = now + BARRED_TIME
        item = {"expires": until, "expires_at": until // SECOND + 1, "version": 1}
        self._table.put(Put(items.barred_key(user, extension), item, condition=""))

    def unbar(self, user: str, extension: str) -> None:
        """Let the user in again, barred or not."""
        self._table.delete(items.barred_key(user, extension))

    def close(self, connection_id: str) -> None:
        """Forget a connection that has ended; one that nobody knows any more is forgotten already."""
        pointer = self._table.get(items.connection_pointer_key(connection_id))
        if pointer:
            self._forget(pointer["account"], pointer["extension"], connection_id)

    def forget(self, connection: Connection) -> None:
        """Forget a connection that was found gone."""
        self._forget(connection.holder.account, connection.holder.extension, connection.id)

    def of_extension(self, account: str, extension: str) -> list[Connection]:
        """All connections of an extension, strongly consistent."""
        found: list[Connection] = []
        start: Wire | None = None
        while True:
            page, start = self._table.query(
                pk=items.extension_pk(account, extension), sk_begins="CONNECTION#", start=start, consistent=True
            )
            found += [_connection(item) for item in page]
            if start is None:
                return found

    def _forget(self, account: str, extension: str, connection_id: str) -> None:
        self._table.transact(*(Delete(key) for key in _keys(account, extension, connection_id)))


def _keys(account: str, extension: str, connection_id: str) -> tuple[Key, Key]:
    return items.connection_key(account, extension, connection_id), items.connection_pointer_key(connection_id)


def _connection(item: Item) -> Connection:
    return Connection(item["sk"].removeprefix("CONNECTION#"), _holder(item), item["connected_at"])


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a frame: `delivered`, `gone` or `failed`, and why it failed, a stable code."""

    outcome: Literal["delivered", "gone", "failed"]
    reason: str = ""


DELIVERED: Final = Posted("delivered")
GONE: Final = Posted("gone")


def failed(reason: str) -> Posted:
    """A frame that was not taken, by a client that is still there as far as anybody knows."""
    return Posted("failed", reason)


class Gateway:
    """API Gateway's `@connections` of one WebSocket API, at `url` (see `config.RealtimeEnvironment`)."""

    def __init__(self, url: str) -> None:
        # Made here and not in the threads that post: boto3 makes clients in one thread at a time only.
        self._client = clients.connections(url)
        self._lock = threading.Lock()
        self._used_at = time.time()

    def post(self, connection_id: str, body: str) -> Posted:
        """Send one frame, once, within `POST_TIME`. Threads may share it. API Gateway takes at most 128 KB."""
        client = self._awake()
        try:
            client.post_to_connection(ConnectionId=connection_id, Data=body.encode())
        except client.exceptions.GoneException:
            return GONE
        except ClientError as error:
            return failed(error.response["Error"]["Code"])
        except BotoCoreError as error:
            return failed(type(error).__name__)
        return DELIVERED

    def close(self, connection_id: str) -> None:
        """End a connection; one that has ended is no error. Raises Unavailable."""
        client = self._awake()
        try:
            client.delete_connection(ConnectionId=connection_id)
        except client.exceptions.GoneException:
            return
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("API Gateway did not end the connection") from error

    def _awake(self) -> ApiGatewayManagementApiClient:
        with self._lock:
            now = time.time()
            if now - self._used_at > IDLE_SECONDS:
                self._client.close()
            self._used_at = now
        return self._client
