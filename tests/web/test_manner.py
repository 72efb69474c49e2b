"""How the app behaves whatever is in it: nothing runs, everybody can use it, it is light and stays smooth."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.stack.office import NUMBER, Office
from tests.template_yaml import ROOT
from tests.web.conftest import Windows
from tests.web.test_texting import handset_texts
from tests.web.window import Window

pytestmark = pytest.mark.stack

INJECTIONS: Final = (
    "<script>window.pwned = 1; alert(1)</script>",
    "<img src=x onerror='window.pwned = 1; alert(1)'>",
    '"><svg onload=alert(1)>',
    '<a href="javascript:alert(1)">click</a>',
    "javascript:alert(1)",
    'https://example.com/"onmouseover="alert(1)',
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<style>body{display:none}</style><base href='//evil.example'>",
    "\u202egnp.exe <math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e &lt;b&gt;",
)
FIRST_LOAD: Final = 100 * 1024


def test_nothing_that_a_stranger_sends_runs(windows: Windows, office: Office) -> None:
    window = windows.open(0)
    peer = "+12025550106"
    for text in INJECTIONS:
        handset_texts(office, text, peer)
    handset_texts(office, "from a name", "<b>SHOP</b>")
    contact = f"{office.file.api_url}/api/v1/contacts/{quote(peer, safe='')}"
    body = {"name": INJECTIONS[1][:80]}
    office.http.put(contact, json=body, headers={"Authorization": f"Bearer {token(window)}"}).raise_for_status()
    window.page.reload()
    window.connected()
    window.talk_to(peer)

    for text in INJECTIONS:
        expect(window.bubble(text)).to_be_visible(timeout=30_000)
    expect(window.page.get_by_role("heading", level=2, name=INJECTIONS[1][:80], exact=True)).to_be_visible()
    for fragment in ("#/new", "#/admin/messages", "#/admin/quarantine", "#/"):
        window.go(fragment)
        window.page.wait_for_timeout(700)

    assert window.page.evaluate("() => window.pwned") is None
    hrefs = window.page.evaluate("() => [...document.querySelectorAll('a')].map(a => a.protocol)")
    assert set(hrefs) <= {"http:", "https:"}
    assert window.page.evaluate("() => document.querySelectorAll('img, iframe, style, base, main script').length") == 0


def token(window: Window) -> str:
    """The ID token that the app sends."""
    with window.page.expect_request("**/api/v1/**") as sent:
        window.page.reload()
    return sent.value.headers["authorization"].removeprefix("Bearer ")


SCREENS: Final = (
    "#/",
    f"#/c/{quote(NUMBER, safe='')}/%2B12025550107",
    "#/new",
    "#/settings",
    "#/admin/numbers",
    "#/admin/messages",
    "#/admin/quarantine",
    "#/admin/opt-outs",
    "#/admin/health",
)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_every_screen_can_be_used_by_everybody(windows: Windows, office: Office, *, phone: bool) -> None:
    handset_texts(office, "See https://example.com/a for more", "+12025550107")
    window = windows.open(None, phone=phone)
    expect(window.page.get_by_label("Password")).to_be_visible()
    found = look(window, "sign-in")
    window.sign_in(office.file.demo.users[0])

    for fragment in SCREENS:
        window.go(fragment)
        expect(window.page.locator("main h2:visible").first).to_be_visible()
        expect(window.page.locator(".spinner")).to_have_count(0)
        found += look(window, re.sub(r"\W+", "-", fragment).strip("-")[:30] or "list")
    window.talk_to("+12025550107")
    for name in ("Details", "What became of this text"):
        window.page.get_by_role("button", name=name).last.click()
        expect(window.page.get_by_role("dialog")).to_be_visible()
        expect(window.page.locator("dialog .spinner")).to_have_count(0)
        found += look(window, f"dialog-{name[:7]}")
        window.page.keyboard.press("Escape")
        expect(window.page.get_by_role("dialog")).to_have_count(0)

    assert found == []


def look(window: Window, what: str) -> list[str]:
    """What axe finds by day and by night; a picture of each is kept."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        window.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        window.picture(f"{what}-{scheme}")
        found += [f"{what}, {scheme}: {one}" for one in window.violations()]
    return found


def test_everything_can_be_done_by_keyboard(windows: Windows, office: Office) -> None:
    handset_texts(office, "By keyboard", "+12025550108")
    window = windows.open(0)
    expect(window.row("By keyboard")).to_be_visible(timeout=30_000)

    window.page.locator(".list-pane .row").first.focus()
    window.page.keyboard.press("ArrowDown")
    window.page.keyboard.press("ArrowUp")
    window.row("By keyboard").focus()
    window.page.keyboard.press("Enter")
    expect(window.bubble("By keyboard")).to_be_visible()
    window.page.keyboard.type("No mouse")
    window.page.keyboard.press("Shift+Enter")
    window.page.keyboard.type("at all")
    window.page.keyboard.press("Enter")

    expect(window.page.locator(".bubble-text").last).to_have_text("No mouse\nat all")
    window.page.get_by_role("button", name="Details").last.focus()
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_role("dialog")).to_be_visible()
    for _ in range(12):
        window.page.keyboard.press("Tab")
        focused = "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        assert window.page.evaluate(focused)
    window.page.keyboard.press("Escape")
    expect(window.page.get_by_role("button", name="Details").last).to_be_focused()


def test_the_first_load_is_light(figure: Callable[[str], None]) -> None:
    index = (ROOT / "web" / "dist" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'(?:src|href)="\./(assets/[^"]+\.js)"', index)
    size = sum(len(gzip.compress((ROOT / "web" / "dist" / one).read_bytes(), 9)) for one in scripts)

    figure(f"web app: first load {size / 1024:.1f} kB of compressed JavaScript")
    assert scripts
    assert size <= FIRST_LOAD


def _pages(items: list[dict[str, Any]]) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        cursor = re.search(r"cursor=(\d+)", route.request.url)
        start = int(cursor.group(1)) if cursor else 0
        end = start + 100
        body = {"items": items[start:end], "next": str(end) if end < len(items) else None}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    return answer


def _conversation(index: int) -> dict[str, Any]:
    return {
        "number": NUMBER,
        "peer": f"+1202{5550000 + index % 10000:07d}",
        "contact_name": f"Person {index}",
        "last_text": f"text {index}",
        "last_direction": "inbound",
        "last_message_id": f"m{index}",
        "last_at": f"2026-01-{28 - index // 1440:02d}T{23 - index // 60 % 24:02d}:{59 - index % 60:02d}:00.000Z",
        "unread": 0,
        "opted_out": False,
        "blocked": False,
    }


def _message(index: int) -> dict[str, Any]:
    at = f"2026-01-{28 - index // 1440:02d}T{23 - index // 60 % 24:02d}:{59 - index % 60:02d}:00.000Z"
    return {
        "id": f"m{index:05d}",
        "number": NUMBER,
        "peer": "+12025550000",
        "direction": "inbound" if index % 3 else "outbound",
        "text": f"Text {index} " + "and more words " * (index % 17),
        "state": "received" if index % 3 else "delivered",
        "reason": None,
        "sent_at": at,
        "received_at": at,
        "changed_at": at,
        "author": None if index % 3 else "101",
        "scheduled_at": None,
        "valid_until": None,
        "sender_id": None,
        "segments": 1,
        "resend_of": None,
        "resent_as": None,
    }


def test_an_app_that_cannot_start_says_so(browser: Browser, office: Office) -> None:
    with browser.new_context(service_workers="block") as context:
        page = context.new_page()
        page.route("**/config.json", lambda route: route.abort())
        page.goto(f"{office.file.api_url}/app/")
        expect(page.get_by_text("Textension could not start. Check your connection and reload.")).to_be_visible()

        page.unroute_all()
        page.get_by_role("button", name="Reload").click()
        expect(page.get_by_label("Password")).to_be_visible()


# Where the reader's eye rests, before and after: the lowest text that is whole on the screen.
RESTING: Final = """() => {
  const box = document.querySelector('.thread-scroller').getBoundingClientRect();
  const rows = [...document.querySelectorAll('.thread-scroller li[data-key]')];
  const row = rows.findLast(one => one.getBoundingClientRect().bottom <= box.bottom);
  return [row.dataset.key, row.getBoundingClientRect().top];
}"""


def test_long_lists_stay_light_and_do_not_jump(windows: Windows, figure: Callable[[str], None]) -> None:
    window = windows.open(0)
    page = window.page
    page.route(re.compile(r"/api/v1/conversations\?"), _pages([_conversation(index) for index in range(10_000)]))
    page.route(re.compile(r"/api/v1/conversations/.*/messages\?"), _pages([_message(index) for index in range(20_000)]))
    page.reload()
    expect(window.row("Person 0").first).to_be_visible()

    bottom = "() => { const one = document.querySelector('.list-pane .scroller'); one.scrollTop = one.scrollHeight }"
    for _ in range(400):
        if window.row("Person 9999").count():
            break
        page.evaluate(bottom)
        page.wait_for_timeout(20)
    expect(window.row("Person 9999").first).to_be_visible()
    assert page.locator(".list-pane li").count() < 60

    window.talk_to("+12025550000")
    expect(window.bubble("Text 0")).to_be_visible()
    jumps = 0
    beginning = page.get_by_text("This is where the conversation begins.")
    for step in range(2000):
        if beginning.count():
            break
        page.evaluate("() => { document.querySelector('.thread-scroller').scrollTop -= 6000 }")
        page.wait_for_timeout(25)
        if step % 30 == 0:
            before = page.evaluate(RESTING)
            page.wait_for_timeout(250)  # an older page comes, and heights become known
            where = "key => document.querySelector(`[data-key='${key}']`)?.getBoundingClientRect().top"
            jumps += abs(page.evaluate(where, before[0]) - before[1]) > 1
    expect(beginning).to_be_attached()
    rows = page.locator(".thread-scroller li").count()
    frame = page.evaluate(SMOOTHNESS)
    figure(f"web app: 20,000 texts, {rows} rows in the page, slowest of 60 scrolled frames {frame:.0f} ms")

    assert jumps == 0
    assert rows < 150
    assert frame < 200


SMOOTHNESS: Final = """() => new Promise(done => {
  const one = document.querySelector('.thread-scroller');
  let [left, last, slowest] = [60, performance.now(), 0];
  const step = now => {
    slowest = Math.max(slowest, now - last);
    last = now;
    one.scrollTop += 90;
    if (left-- > 0) requestAnimationFrame(step); else done(slowest);
  };
  requestAnimationFrame(now => { last = now; step(now) });
})"""
