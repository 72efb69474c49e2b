"""The web app at its address: built on the way, served with what it needs to work, on both paths that lead to it."""

import re
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.stack.office import Office, eventually
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack


def get(office: Office, address: str, **headers: str) -> httpx.Response:
    """A GET, as a browser does it, without following redirects."""
    return office.http.get(address, headers=headers, follow_redirects=False)


def test_the_app_and_all_that_its_page_names_are_there(office: Office) -> None:
    for root in (office.file.app_url, f"{office.file.api_url}/live/app/"):
        page = get(office, root)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")

        names = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert names
        for name in names:
            answer = get(office, urljoin(root, name))
            assert (answer.status_code, name) == (200, name)
            if "/assets/" in name:
                assert answer.headers["cache-control"].endswith("immutable")
        assert "<script>" not in page.text
        assert " style=" not in page.text


def test_its_own_path_leads_to_its_folder(office: Office) -> None:
    for path in ("/app", "/live/app"):
        answer = get(office, office.file.api_url + path)

        assert (answer.status_code, urlsplit(urljoin(str(answer.url), answer.headers["location"])).path) == (
            308,
            f"{path}/",
        )


def test_a_browser_gets_it_compressed_and_once(office: Office) -> None:
    first = get(office, office.file.app_url, **{"Accept-Encoding": "gzip"})
    again = get(office, office.file.app_url, **{"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]})

    assert first.headers["content-encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_told_where_to_sign_in_and_may_go_there(office: Office) -> None:
    answer = get(office, f"{office.file.app_url}config.json")

    config = answer.json()
    assert config["account_pool"]["client_id"] == office.file.outputs["UserPoolClientId"]
    assert config["account_pool"]["endpoint"] == f"{office.file.aws.endpoint_url}/"
    assert config["websocket_url"] == office.file.websocket_url
    assert httpx.URL(office.file.app_url).join(config["api"]) == f"{office.file.api_url}/api/v1"
    policy = answer.headers["content-security-policy"]
    socket = office.file.websocket_url.removesuffix("/realtime")
    assert f"connect-src 'self' {office.file.aws.endpoint_url} {socket};" in policy
    preflight = office.http.options(
        config["account_pool"]["endpoint"],
        headers={
            "Origin": office.file.api_url,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-amz-target",
        },
    )
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "*"


def test_it_shows_browsers_the_key_that_pushes_are_signed_with(stack: RunningStack, office: Office) -> None:
    public_key = office.cli("push", "init", "ops@example.com", "--force", "--json")["public_key"]
    stack.kill_workers("WebApp")  # which believe for a minute what they have read

    def shown() -> bool:
        answer = get(office, f"{office.file.app_url}config.json")
        return answer.status_code == 200 and answer.json()["vapid_public_key"] == public_key

    eventually(shown, within=20, what="the new key")


def test_nothing_else_is_there(office: Office) -> None:
    for path in ("nothing.js", "%2e%2e/app.py", "app.py", "..%2fapp.py"):
        answer = get(office, f"{office.file.app_url}{path}")

        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
