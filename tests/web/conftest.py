"""A private local stack and a real browser, shared by the web app's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.stack.office import Office
from tests.stack.running import RunningStack
from tests.web.window import SCREENSHOTS, Window

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack, started once for these tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH: tests/web/install-chromium.sh installs it on Debian")
    with RunningStack.started(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture
def office(stack: RunningStack) -> Iterator[Office]:
    """The stack, used from outside."""
    with Office.of(stack) as one:
        yield one


@pytest.fixture(scope="package")
def browser(stack: RunningStack) -> Iterator[Browser]:
    """Debian's Chromium. As root it runs without its sandbox; it visits nothing but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Windows:
    """Opens windows, each with storage of its own, and sees that nothing went wrong in any."""

    def __init__(self, browser: Browser, office: Office, name: str) -> None:
        self._browser = browser
        self._office = office
        self._name = name
        self.opened: list[Window] = []

    def open(self, user: int | None, *, phone: bool = False, path: str = "/app/") -> Window:
        """A window, signed in as one of the demo users or not at all."""
        address = self._office.file.api_url + path
        window = Window.open(self._browser, address, phone=phone, name=f"{self._name}-{len(self.opened)}")
        self.opened.append(window)
        if user is not None:
            window.sign_in(self._office.file.demo.users[user])
        return window


@pytest.fixture
def windows(browser: Browser, office: Office, request: pytest.FixtureRequest) -> Iterator[Windows]:
    """Windows of the app; a picture of each is kept in the end."""
    Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
    name = "".join(one if one.isalnum() else "-" for one in request.node.name)
    opening = Windows(browser, office, name)
    yield opening
    for window in opening.opened:
        window.picture("end")
        window.close()
    faults = [fault for window in opening.opened for fault in window.faults]
    assert faults == []
