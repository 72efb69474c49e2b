"""A user of the simulator: ClickSend's API on one side, control on the other."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from local.simulator import Running

HANDSET, NUMBER = "+61422222222", "+61411111111"
ORDINARY = "+12025550123"
"""Not one of ClickSend's test numbers: it is charged for."""


def message(to: str = HANDSET, body: str = "Hello", **fields: object) -> dict[str, object]:
    """One element of a send request."""
    return {"to": to, "body": body, "from": NUMBER, **fields}


def inbound_rule(url: str, **fields: object) -> dict[str, object]:
    """A complete inbound rule that pushes everything to `url`."""
    rule = {
        "dedicated_number": "*",
        "rule_name": "Inbound",
        "message_search_type": 0,
        "message_search_term": "",
        "action": "URL",
        "action_address": url,
        "enabled": 1,
        "webhook_type": "post",
    }
    return rule | fields


def receipt_rule(url: str, **fields: object) -> dict[str, object]:
    """A complete receipt rule that pushes everything to `url`."""
    rule = {"rule_name": "Receipts", "match_type": 0, "action": "URL", "action_address": url, "enabled": 1}
    return rule | fields


class ClickSend:
    """Calls that most tests make, and a bare `http` client for the others."""

    def __init__(self, running: Running) -> None:
        self.url = running.url
        auth = (running.credential.username, running.credential.api_key)
        self.http = httpx.Client(base_url=running.url, auth=auth, timeout=10)

    def close(self) -> None:
        self.http.close()

    def send(self, *messages: dict[str, object]) -> httpx.Response:
        return self.http.post("/v3/sms/send", json={"messages": list(messages)})

    def sent_ok(self, *messages: dict[str, object]) -> list[Any]:
        """Send, and give back the messages of the answer."""
        response = self.send(*messages)
        assert response.status_code == 200
        found: list[Any] = response.json()["data"]["messages"]
        return found

    def statuses(self, *messages: dict[str, object]) -> list[str]:
        return [entry["status"] for entry in self.sent_ok(*messages)]

    def get(self, path: str, **query: str | int) -> Any:
        response = self.http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, path: str, **query: str | int) -> list[Any]:
        """The rows of a paged list."""
        rows: list[Any] = self.get(path, **query)["data"]["data"]
        return rows

    def push_inbound_to(self, url: str, **fields: object) -> int:
        response = self.http.post("/v3/automations/sms/inbound", json=inbound_rule(url, **fields))
        assert response.status_code == 200, response.text
        return int(response.json()["data"]["inbound_rule_id"])

    def push_receipts_to(self, url: str, **fields: object) -> int:
        response = self.http.post("/v3/automations/sms/receipts", json=receipt_rule(url, **fields))
        assert response.status_code == 200, response.text
        return int(response.json()["data"]["receipt_rule_id"])

    def text(self, body: str = "Yes please", *, sender: str = HANDSET, to: str = NUMBER, **fields: object) -> Any:
        """A handset texts a number."""
        response = self.http.post("/simulator/inbound", json={"from": sender, "to": to, "body": body, **fields})
        assert response.status_code == 200, response.text
        return response.json()

    def fault(self, mode: str | int, **fields: object) -> None:
        response = self.http.post("/simulator/faults", json={"mode": mode, **fields})
        assert response.status_code == 200, response.text

    def settings(self, **changes: object) -> Any:
        response = self.http.put("/simulator/settings", json=changes)
        assert response.status_code == 200, response.text
        return response.json()

    def sent(self, **query: str) -> Any:
        return self.get("/simulator/sent", **query)

    def pushes(self, **query: str) -> list[Any]:
        found: list[Any] = self.get("/simulator/pushes", **query)["pushes"]
        return found


def eventually(check: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until `check` holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
