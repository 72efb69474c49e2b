"""How people get in: invited, with a forgotten password, with a second factor."""

import base64
import hmac
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.stackfile import DemoUser
from tests.stack.office import Office, eventually
from tests.web.conftest import Windows
from tests.web.window import PATIENCE, Window

pytestmark = pytest.mark.stack

OWN: DemoUser = DemoUser(email="nova@example.com", password="Chosen-by-me-1", extension="104", admin=False)


@pytest.fixture
def invited(office: Office) -> Iterator[DemoUser]:
    """Somebody whom an operator has invited just now."""
    office.cli("users", "invite", OWN.email, "--extension", OWN.extension, "--yes")
    yield OWN
    office.aws("cognito-idp").admin_delete_user(UserPoolId=office.file.outputs["UserPoolId"], Username=OWN.email)


@pytest.fixture
def member(office: Office, invited: DemoUser) -> DemoUser:
    """The same, with a password of their own."""
    office.aws("cognito-idp").admin_set_user_password(
        UserPoolId=office.file.outputs["UserPoolId"], Username=invited.email, Password=invited.password, Permanent=True
    )
    return invited


def mailed(office: Office, words: str) -> str:
    """The newest mail to them in which these words stand."""

    def newest() -> str:
        answer = office.http.get(f"{office.file.aws.endpoint_url}/_ministack/ses/messages").json()
        texts = [
            one["BodyText"] or one["BodyHtml"]
            for mails in answer["messages"].values()
            for one in mails
            if one["To"] == [OWN.email]
        ]
        return next((text for text in reversed(texts) if words in text), "")

    return eventually(newest, within=20, what=f"a mail with {words!r}")


def give(window: Window, email: str, password: str) -> None:
    """What one signs in with."""
    window.page.get_by_label("E-mail").fill(email)
    window.page.get_by_label("Password", exact=True).fill(password)
    window.page.get_by_role("button", name="Sign in").click()


def inside(window: Window) -> None:
    """The conversations are there."""
    expect(window.page.get_by_role("heading", name="Messages")).to_be_visible(timeout=PATIENCE)


def totp(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    counter = int(time.time()) // 30
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def test_who_was_invited_chooses_a_password_at_the_first_sign_in(
    windows: Windows, office: Office, invited: DemoUser
) -> None:
    mail = mailed(office, "within 7 days")
    found = re.search(rf"Sign in as {invited.email} with the password (\S+) within 7 days", mail)
    assert found, mail
    window = windows.open(None, phone=True)
    give(window, invited.email, "Not-the-password-1")
    expect(window.page.get_by_role("alert")).to_have_text("That e-mail and password do not fit.")

    give(window, invited.email, found[1])
    expect(window.page.get_by_text("Welcome. Choose a password of your own.")).to_be_visible()
    assert window.violations() == []
    window.picture("new-password")
    window.page.get_by_label("New password").fill(invited.password)
    window.page.get_by_role("button", name="Continue").click()
    inside(window)

    again = windows.open(None)
    give(again, invited.email, found[1])
    expect(again.page.get_by_role("alert")).to_have_text("That e-mail and password do not fit.")
    give(again, invited.email, invited.password)
    inside(again)


def test_a_forgotten_password_is_replaced_by_a_code_from_a_mail(
    windows: Windows, office: Office, member: DemoUser
) -> None:
    window = windows.open(None, phone=True)
    window.page.get_by_role("button", name="Forgot password?").click()
    window.page.get_by_label("E-mail").fill(member.email)
    window.page.get_by_role("button", name="Send code").click()
    expect(window.page.get_by_text("Enter the code from the e-mail and a new password.")).to_be_visible()
    assert window.violations() == []
    window.picture("reset")
    [code] = re.findall(r"\b\d{6}\b", mailed(office, "code"))

    window.page.get_by_label("Code").fill("000000")
    window.page.get_by_label("New password").fill("Another-of-mine-2")
    window.page.get_by_role("button", name="Save").click()
    expect(window.page.get_by_role("alert")).to_have_text("That code is not right.")
    window.page.get_by_label("Code").fill(code)
    window.page.get_by_label("New password").fill("nothing but small")
    window.page.get_by_role("button", name="Save").click()
    expect(window.page.get_by_role("alert")).to_contain_text("At least 12 characters, with capital and small letters")
    window.page.get_by_label("New password").fill("Another-of-mine-2")
    window.page.get_by_role("button", name="Save").click()
    expect(window.page.locator(".notice")).to_have_text("Your password is changed. Sign in with it.")

    give(window, member.email, member.password)
    expect(window.page.get_by_role("alert")).to_have_text("That e-mail and password do not fit.")
    give(window, member.email, "Another-of-mine-2")
    inside(window)


def test_a_second_factor_is_set_up_asked_for_and_turned_off(windows: Windows, member: DemoUser) -> None:
    window = windows.open(None)
    give(window, member.email, member.password)
    inside(window)
    window.go("#/settings")
    card = window.page.locator("section").filter(has=window.page.get_by_role("heading", name="Two-step sign-in"))
    card.get_by_role("button", name="Set up").click()
    secret = card.locator("code").inner_text().replace(" ", "")
    assert secret in (card.get_by_role("link", name="Open authenticator app").get_attribute("href") or "")
    assert window.violations() == []
    window.picture("two-step")
    card.get_by_label("Code").fill("000000")
    card.get_by_role("button", name="Continue").click()
    expect(card.get_by_role("alert")).to_have_text("That code is not right.")
    card.get_by_label("Code").fill(totp(secret))
    card.get_by_role("button", name="Continue").click()
    expect(window.page.get_by_text("Two-step sign-in is on.")).to_be_visible()

    other = windows.open(None, phone=True)
    give(other, member.email, member.password)
    expect(other.page.get_by_text("Enter the code of your authenticator app.")).to_be_visible()
    assert other.violations() == []
    other.page.get_by_label("Code").fill("000000")
    other.page.get_by_role("button", name="Continue").click()
    expect(other.page.get_by_role("alert")).to_have_text("That code is not right.")
    other.page.get_by_label("Code").fill(totp(secret))
    other.page.get_by_role("button", name="Continue").click()
    inside(other)

    card.get_by_role("button", name="Turn off").click()
    expect(window.page.get_by_text("Two-step sign-in is off.")).to_be_visible()
    third = windows.open(None)
    give(third, member.email, member.password)
    inside(third)
