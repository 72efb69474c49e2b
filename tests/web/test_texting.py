"""Texting, as two people in an office do who share a number."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.stack.office import NUMBER, Office, eventually
from tests.web.conftest import Windows

pytestmark = pytest.mark.stack

HANDSET = "+61422222222"


def handset_texts(office: Office, text: str, handset: str = HANDSET, to: str = NUMBER) -> None:
    """A customer texts us."""
    body = {"from": handset, "to": to, "body": text}
    office.http.post(f"{office.file.simulator_url}/simulator/inbound", json=body).raise_for_status()


def handset_got(office: Office, text: str, handset: str = HANDSET) -> int:
    """How often a text arrived on the customer's handset."""
    query = {"handset": handset, "number": NUMBER}
    answer = office.http.get(f"{office.file.simulator_url}/simulator/conversation", params=query).json()
    return sum(entry["body"] == text for entry in answer["entries"])


def test_a_text_and_its_answer_are_seen_by_both_who_share_the_number(
    windows: Windows, office: Office, figure: Callable[[str], None]
) -> None:
    desk, phone = windows.open(0), windows.open(1, phone=True)
    handset_texts(office, "warm up")
    for window in (desk, phone):
        expect(window.row("warm up")).to_be_visible(timeout=60_000)

    started = time.monotonic()
    handset_texts(office, "Are you open today?")
    for window in (desk, phone):
        expect(window.row("Are you open today?")).to_be_visible(timeout=10_000)
    took = time.monotonic() - started
    figure(f"web app: a text is on two screens {took:.2f} s after the handset sent it")
    assert took < 2

    for window in (desk, phone):
        window.row("Are you open today?").click()
        expect(window.bubble("Are you open today?")).to_be_visible()
    desk.write("Yes, until five.")

    for window in (desk, phone):
        expect(window.bubble("Yes, until five.")).to_contain_text("Delivered", timeout=60_000)
    assert handset_got(office, "Yes, until five.") == 1
    expect(phone.bubble("Yes, until five.")).to_contain_text("Extension 101")


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_what_is_written_without_a_network_goes_out_once(windows: Windows, office: Office, *, phone: bool) -> None:
    handset = "+61433333333" if phone else "+61444444444"
    handset_texts(office, "Is it ready?", handset)
    window = windows.open(0, phone=phone)
    window.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    window.talk_to(handset)
    expect(window.bubble("Is it ready?")).to_be_visible()

    window.context.set_offline(True)
    window.write("It is, come by.")
    expect(window.bubble("It is, come by.")).to_contain_text("Waits for the network")
    expect(window.page.get_by_text("You are offline.")).to_be_visible()
    window.page.reload()
    expect(window.bubble("Is it ready?")).to_be_visible()
    expect(window.bubble("It is, come by.")).to_contain_text("Waits for the network")
    assert handset_got(office, "It is, come by.", handset) == 0
    window.context.set_offline(False)

    expect(window.bubble("It is, come by.")).to_contain_text("Delivered", timeout=60_000)
    assert handset_got(office, "It is, come by.", handset) == 1
    assert window.bubble("It is, come by.").count() == 1


def test_a_draft_survives_a_reload_and_a_text_for_later_can_be_taken_back(windows: Windows) -> None:
    window = windows.open(0, phone=True)
    window.go("#/new")
    window.page.get_by_label("To", exact=True).fill("+1 405 555 5555")
    window.page.get_by_role("button", name="Start").click()
    box = window.page.get_by_role("textbox", name="Text to")
    box.fill("Not yet finished “")
    expect(window.page.locator(".counter")).to_contain_text("52 left · 1 segment · UCS-2")

    window.page.reload()
    expect(box).to_have_value("Not yet finished “")

    window.page.get_by_role("button", name="Send later").click()
    window.page.get_by_role("button", name="Tomorrow morning").click()
    bubble = window.bubble("Not yet finished “")
    expect(bubble).to_contain_text("Scheduled for Tomorrow")
    bubble.get_by_role("button", name="Cancel").click()

    expect(bubble).to_contain_text("Cancelled")
    expect(box).to_have_value("")


def test_a_text_that_was_refused_says_why(windows: Windows, office: Office) -> None:
    window = windows.open(0)
    window.talk_to("+61411111111")

    window.write("To myself?")

    expect(window.bubble("To myself?")).to_contain_text("Not sent: This sender cannot be texted.", timeout=30_000)
    window.page.get_by_role("button", name="Discard").click()
    expect(window.bubble("To myself?")).to_have_count(0)
    assert handset_got(office, "To myself?", "+61411111111") == 0


def test_who_opted_out_cannot_be_written_to(windows: Windows, office: Office) -> None:
    window = windows.open(1, phone=True)
    handset_texts(office, "STOP", "+12025550102")

    window.row("STOP").click(timeout=30_000)

    expect(window.page.get_by_role("note")).to_contain_text("has opted out", timeout=30_000)
    expect(window.page.get_by_role("textbox", name="Text to")).to_have_count(0)
    handset_texts(office, "START", "+12025550102")
    expect(window.page.get_by_role("textbox", name="Text to")).to_be_visible(timeout=30_000)


def test_reading_here_is_read_everywhere_and_signing_out_forgets(windows: Windows, office: Office) -> None:
    one, other = windows.open(1), windows.open(1, phone=True)
    handset_texts(office, "Please read me", "+12025550103")
    for window in (one, other):
        expect(window.row("Please read me")).to_contain_text("1 unread", timeout=30_000)
    assert one.page.title().startswith("(")

    one.row("Please read me").click()
    expect(other.row("Please read me")).not_to_contain_text("unread", timeout=30_000)

    one.go("#/settings")
    one.page.get_by_role("button", name="Sign out", exact=True).click()
    one.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(one.page.get_by_label("Password")).to_be_visible()
    kept = one.page.evaluate(
        "() => new Promise(done => { const open = indexedDB.open('textension'); open.onsuccess = () => {"
        " const all = open.result.transaction('messages').objectStore('messages').count();"
        " all.onsuccess = () => { open.result.close(); done(all.result) } } })"
    )
    assert kept == 0


def test_the_app_works_below_a_stage_name_too(windows: Windows, office: Office) -> None:
    window = windows.open(0, phone=True, path="/live/app/")

    handset_texts(office, "Below the stage", "+12025550104")
    window.row("Below the stage").click(timeout=30_000)
    window.write("Still here")

    expect(window.bubble("Still here")).to_contain_text("Delivered", timeout=60_000)
    eventually(lambda: handset_got(office, "Still here", "+12025550104") == 1, within=5, what="the answer")
