"""A text reaches a browser that takes pushes: by the rights of its function, sealed for that browser alone."""

from collections.abc import Iterator

import pytest

from tests.browser import Browser, Service, claims, running
from tests.stack.office import NUMBER, Office, eventually
from tests.stack.running import RunningStack
from tests.stack.test_sign_in import tokens

pytestmark = pytest.mark.stack

PEER = "+61433333333"


@pytest.fixture
def service() -> Iterator[Service]:
    """A push service, which the local stack takes for one because it is on this machine."""
    with Service() as one, running(one):
        yield one


def subscribe(office: Office, name: str, browser: Browser, endpoint: str, *, show_text: bool) -> int:
    """As the web app does it; the status."""
    one = browser.subscription(name, endpoint)
    answer = office.http.put(
        f"{office.file.api_url}/api/v1/push-subscriptions/{name}",
        headers={"Authorization": f"Bearer {tokens(office, office.file.demo.users[0])['IdToken']}"},
        json={"endpoint": endpoint, "keys": {"p256dh": one.p256dh, "auth": one.auth}, "show_text": show_text},
    )
    return answer.status_code


def test_a_text_reaches_the_browsers_until_they_are_gone(stack: RunningStack, office: Office, service: Service) -> None:
    public_key = office.cli("push", "init", "ops@example.com", "--force", "--json")["public_key"]
    stack.kill_workers("PushNotifier")  # one that has been told before remembers for a while what keys there were
    url = f"http://127.0.0.1:{service.server_port}"
    plain, open_ = Browser(), Browser()
    assert subscribe(office, "plain", plain, f"{url}/plain", show_text=False) == 204
    assert subscribe(office, "open", open_, f"{url}/open", show_text=True) == 204
    service.statuses["/open"] = 410

    office.clicksend("POST", "/inbound", **{"from": PEER, "to": NUMBER, "body": "The first of two"})
    eventually(lambda: len(service.pushes) == 2, within=30, what="two pushes")
    office.clicksend("POST", "/inbound", **{"from": PEER, "to": NUMBER, "body": "The second of two"})
    eventually(lambda: len(service.at("/plain")) == 2, within=30, what="another push")

    [shown] = service.at("/open")
    assert open_.said(shown.body)["text"] == "The first of two"
    said = [plain.said(one.body) for one in service.at("/plain")]
    assert [(one["number"], one["peer"], "text" in one) for one in said] == [(NUMBER, PEER, False)] * 2
    assert [office.message(one["message_id"])["text"] for one in said] == ["The first of two", "The second of two"]
    assert claims(shown.headers["authorization"])["aud"] == url
    assert f"k={public_key}" in shown.headers["authorization"]


def test_pushes_go_to_nobody_elses_address(office: Office) -> None:
    for endpoint in ("http://169.254.169.254/", "https://example.com/push", "http://127.0.0.1@example.com:80/"):
        assert subscribe(office, "elsewhere", Browser(), endpoint, show_text=True) == 422
