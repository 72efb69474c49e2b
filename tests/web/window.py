"""One window of the app, and how people find their way in it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from local.stackfile import DemoUser
from tests.template_yaml import ROOT

SCREENSHOTS: Final = ROOT / ".local" / "screenshots"
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1440, "height": 900}
PATIENCE: Final = 20_000
"""Milliseconds: the first request to a function starts a process."""


@dataclass(slots=True)
class Window:
    """A page in a context of its own. `faults` are scripts' errors and breaches of the content security policy."""

    context: BrowserContext
    page: Page
    address: str
    name: str
    faults: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, browser: Browser, address: str, *, phone: bool, name: str) -> Self:
        """A new one, at the app's address."""
        context = browser.new_context(viewport=PHONE if phone else DESKTOP, locale="en-AU", has_touch=phone)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        window = cls(context, page, address, name)
        page.on("pageerror", lambda error: window.faults.append(str(error)))
        page.on("console", window._listen)
        page.on("dialog", window._refuse)
        page.goto(address)
        return window

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Uncaught" in message.text:
            self.faults.append(message.text)

    def _refuse(self, dialog: Any) -> None:
        self.faults.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()

    def sign_in(self, user: DemoUser) -> None:
        """As a person does, and wait for the conversations."""
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password").fill(user.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Messages")).to_be_visible()
        self.connected()

    def connected(self) -> None:
        """Wait until events come in as they happen."""
        self.page.wait_for_function("document.querySelector('.app')?.dataset.live === 'yes'")

    def go(self, fragment: str) -> None:
        """To another screen."""
        self.page.evaluate("fragment => { location.hash = fragment }", fragment)

    def talk_to(self, peer: str, number: str = "+61411111111") -> None:
        """Open a conversation."""
        self.go(f"#/c/{number.replace('+', '%2B')}/{peer.replace('+', '%2B')}")

    def write(self, text: str) -> None:
        """Send a text from the open conversation."""
        box = self.page.get_by_role("textbox", name="Text to")
        box.fill(text)
        box.press("Enter")

    def bubble(self, text: str) -> Locator:
        """The text in the open conversation, with what is said about it."""
        return self.page.locator(".bubble-line").filter(has=self.page.get_by_text(text, exact=True))

    def row(self, text: str) -> Locator:
        """The conversation in the list that shows these words."""
        return self.page.locator(".list-pane .row").filter(has_text=text)

    def picture(self, what: str) -> Path:
        """Keep what is to be seen."""
        path = SCREENSHOTS / f"{self.name}-{what}.png"
        self.page.screenshot(path=path)
        return path

    def violations(self) -> list[str]:
        """What axe finds on the screen as it is."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("() => axe.run().then(result => result.violations)")
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]

    def close(self) -> None:
        """Close it with all that it stored."""
        self.context.close()
