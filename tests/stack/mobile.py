"""A mobile app as somebody writes it against the API's description: signed in, listening, catching up after a gap."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local.stackfile import DemoUser, StackFile
from tests.stack.office import NUMBER

type Event = dict[str, Any]


def sign_in(http: httpx.Client, file: StackFile, user: DemoUser) -> str:
    """A user's ID token, of Cognito itself."""
    answer = http.post(
        file.aws.endpoint_url,
        headers={
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            "Content-Type": "application/x-amz-json-1.1",
        },
        content=json.dumps(
            {
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": file.outputs["UserPoolClientId"],
                "AuthParameters": {"USERNAME": user.email, "PASSWORD": user.password},
            }
        ),
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["AuthenticationResult"]["IdToken"])


def conversation(peer: str, number: str = NUMBER) -> str:
    """The path of a conversation."""
    return f"/conversations/{quote(number, safe='')}/{quote(peer, safe='')}"


@dataclass
class Mobile:
    """One app. `events` are those that it knows, each once, in the order in which it first heard of them."""

    file: StackFile
    token: str
    http: httpx.Client
    events: dict[str, Event] = field(default_factory=dict)
    frames: int = 0
    since: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------ asking

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """One request."""
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.http.request(method, f"{self.file.api_url}/api/v1{path}", headers=signed, **more)

    def get(self, path: str, **query: Any) -> Any:
        """What is at an address."""
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """Do something; what came of it."""
        answer = self.ask("POST", path, json=body) if body else self.ask("POST", path)
        assert answer.status_code == status, answer.text
        return answer.json()

    def write(self, peer: str, text: str, *, number: str = NUMBER, key: str = "", **more: str) -> httpx.Response:
        """Send a text."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        body = {"text": text, **more}
        return self.ask("POST", f"{conversation(peer, number)}/messages", json=body, headers=headers)

    def send(self, peer: str, text: str, **more: str) -> str:
        """Send a text that is to be accepted; its id."""
        answer = self.write(peer, text, **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def texts(self, peer: str, number: str = NUMBER) -> list[str]:
        """The thread, the oldest first."""
        items = self.get(f"{conversation(peer, number)}/messages", limit=100)["items"]
        return [one["text"] for one in reversed(items)]

    # ------------------------------------------------------------ hearing

    def take(self, event: Event) -> bool:
        """Take an event in; False where it is known already."""
        with self.lock:
            if event["id"] in self.events:
                return False
            self.events[event["id"]] = event
            return True

    def catch_up(self) -> list[Event]:
        """Close the gap since the last time: the events that are new. The first time only remember the present."""
        new: list[Event] = []
        more = True
        while more:
            page = self.get("/changes", **({"since": self.since} if self.since else {}))
            new += [event for event in page["items"] if self.take(event)]
            self.since, more = page["next"], page["more"]
        return new

    def connect(self) -> ClientConnection:
        """A WebSocket, by a ticket of its own."""
        ticket = self.post("/realtime-tickets", 201)["ticket"]
        return connect(f"{self.file.websocket_url}?ticket={ticket}", proxy=None, open_timeout=20, close_timeout=2)

    def listen(self, socket: ClientConnection) -> None:
        """Take in every frame until the connection ends."""
        try:
            for frame in socket:
                event = json.loads(frame)
                if "id" in event:
                    self.frames += 1
                    self.take(event)
        except ConnectionClosed:
            return

    @contextmanager
    def online(self) -> Iterator[ClientConnection]:
        """Connected and listening; the gap before is closed once the connection stands."""
        with self.connect() as socket:
            listening = threading.Thread(target=self.listen, args=(socket,), daemon=True)
            listening.start()
            self.catch_up()
            yield socket
        listening.join(10)

    # ------------------------------------------------------------ what it knows

    def received(self, peer: str) -> list[str]:
        """The inbound texts of a peer, in the order in which they were heard of."""
        return [one["data"]["text"] for one in self._of("message.received") if one["data"]["peer"] == peer]

    def states(self, message_id: str) -> list[str]:
        """The states of a message, in the order in which they were heard of."""
        found = [one["data"] for one in self._of("message.status_changed")]
        return [data["state"] for data in found if data["message_id"] == message_id]

    def _of(self, kind: str) -> list[Event]:
        with self.lock:
            return [one for one in self.events.values() if one["type"] == kind]
