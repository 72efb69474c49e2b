"""What administrators see and do."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.stack.office import NUMBER, Office, eventually
from tests.web.conftest import Windows
from tests.web.test_texting import handset_texts

pytestmark = pytest.mark.stack

NEW = "+61455555555"


def test_a_number_is_added_and_its_quarantined_text_appears(windows: Windows, office: Office) -> None:
    window = windows.open(0)
    office.http.put(
        f"{office.file.simulator_url}/simulator/numbers", json={"numbers": [NUMBER, NEW]}
    ).raise_for_status()
    values = office.values("NEW-1", "+61422222222", "Is this the new number?", to=NEW)
    assert office.post(values) == 200
    window.go("#/admin/quarantine")
    post = window.page.locator(".post").filter(has_text="The number is not set up here")
    eventually(lambda: _refreshed(window.page, post), within=30, what="the post in quarantine")
    post.get_by_text("As it came").click()
    expect(post.locator("pre")).to_contain_text("Is+this+the+new+number")

    window.go("#/admin/numbers")
    window.page.get_by_role("button", name="Add number").click()
    window.page.locator("dialog").get_by_label("Number", exact=True).fill("+61 455 555 555")
    window.page.locator("dialog").get_by_label("Label").fill("Branch")
    window.page.locator("dialog").get_by_label("Extensions").fill("101")
    save = window.page.get_by_role("button", name="Save")
    deadline = time.monotonic() + 60
    while not _saved(window.page, save):
        assert time.monotonic() < deadline, window.page.inner_text("dialog")
        office.let_look_again()  # ClickSend is asked again for whoever adds a number that it did not list
        office.sweep()
    expect(window.page.get_by_role("row").filter(has_text="Branch")).to_contain_text("101")

    window.go("#/admin/quarantine")
    post.get_by_role("button", name="Replay").click()
    expect(window.page.get_by_text("Taken in: the text is in its conversation now.")).to_be_visible()
    window.go("#/")
    expect(window.row("Is this the new number?")).to_contain_text("Branch", timeout=30_000)


def _saved(page: Page, save: Locator) -> bool:
    def is_write(answer: Response) -> bool:
        return answer.request.method == "PUT" and "/admin/numbers/" in answer.url

    with page.expect_response(is_write) as answered:
        save.click()
    return answered.value.ok


def _refreshed(page: Page, post: Locator) -> bool:
    if post.count():
        return True
    page.get_by_role("button", name="Refresh").click()
    page.wait_for_timeout(1000)
    return post.count() > 0


def test_numbers_go_out_as_csv_and_come_back_changed(windows: Windows, tmp_path: Path) -> None:
    window = windows.open(0)
    window.go("#/admin/numbers")
    expect(window.page.get_by_role("row").filter(has_text="Demo")).to_be_visible()
    with window.page.expect_download() as download:
        window.page.get_by_role("button", name="Export CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "number,label,extensions,emails,enabled" in text
    assert f"{NUMBER},Demo,101 102" in text

    changed = tmp_path / "numbers.csv"
    changed.write_text(
        f"number,label,extensions,emails,enabled\n{NUMBER},Demo,101 102,a@example.com,yes\n", encoding="utf-8"
    )
    window.page.get_by_label("Import CSV").first.set_input_files(changed)
    window.page.get_by_role("dialog").get_by_role("button", name="Import CSV").click()

    expect(window.page.get_by_role("row").filter(has_text="a@example.com")).to_be_visible()


def test_a_csv_with_faults_changes_nothing_and_says_which_lines(windows: Windows, tmp_path: Path) -> None:
    window = windows.open(0)
    window.go("#/admin/numbers")
    row = window.page.get_by_role("row").filter(has_text=NUMBER[-3:]).first
    expect(row).to_be_visible()
    before = row.inner_text()
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(
        "number,label,extensions,emails,enabled\n"
        f"{NUMBER},Renamed,101,,yes\n0412,Short,101,,yes\n+61466666666,Odd,101,,perhaps\n",
        encoding="utf-8",
    )
    window.page.get_by_label("Import CSV").first.set_input_files(faulty)

    told = window.page.get_by_role("dialog").get_by_role("listitem")
    expect(told).to_have_count(2)
    assert [("3" in one, "4" in one) for one in (line.split(":")[0] for line in told.all_inner_texts())] == [
        (True, False),
        (False, True),
    ]
    expect(window.page.get_by_role("dialog").get_by_role("button", name="Import CSV")).to_have_count(0)
    assert window.violations() == []
    window.picture("faults")
    window.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    assert row.inner_text() == before


def test_a_csv_from_a_spreadsheet_is_taken_in_and_what_is_refused_is_named(windows: Windows, tmp_path: Path) -> None:
    window = windows.open(0)
    window.go("#/admin/numbers")
    expect(window.page.get_by_role("row").filter(has_text="Demo")).to_be_visible()
    sheet = tmp_path / "sheet.csv"
    stranger = "+61499999999"  # ClickSend does not list it
    sheet.write_text(
        f'\ufeffnumber;label;extensions;emails;enabled\r\n{NUMBER};"Demo; both";101,102;a@example.com;yes\r\n'
        f"{stranger};Not ours;101;;yes\r\n",
        encoding="utf-8",
    )
    window.page.get_by_label("Import CSV").first.set_input_files(sheet)
    window.page.get_by_role("dialog").get_by_role("button", name="Import CSV").click()

    refused = window.page.get_by_role("dialog").get_by_role("listitem")
    expect(refused).to_have_count(1, timeout=30_000)
    expect(refused).to_contain_text("499 999 999")
    window.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(window.page.get_by_role("row").filter(has_text="Demo; both")).to_contain_text("a@example.com")
    expect(window.page.get_by_role("row").filter(has_text="Not ours")).to_have_count(0)

    sheet.write_text(f"number,label,extensions,emails,enabled\n{NUMBER},Demo,101 102,,yes\n", encoding="utf-8")
    window.page.get_by_label("Import CSV").first.set_input_files(sheet)
    window.page.get_by_role("dialog").get_by_role("button", name="Import CSV").click()
    expect(window.page.get_by_role("row").filter(has_text="Demo; both")).to_have_count(0)


def test_the_log_shows_the_journey_of_a_message(windows: Windows, office: Office) -> None:
    window = windows.open(0, phone=True)
    handset_texts(office, "Where is my parcel?", "+12025550105")
    window.row("Where is my parcel?").click(timeout=30_000)
    window.write("On its way")
    expect(window.bubble("On its way")).to_contain_text("Delivered", timeout=60_000)

    window.go("#/admin/messages")
    row = window.page.locator("tbody tr").filter(has_text="On its way")
    row.get_by_role("button").click()

    steps = window.page.locator(".journey-state")
    expect(steps).to_have_text(["Waiting to go out", "Sending", "Sent", "Delivered"])
    window.picture("journey")


def test_somebody_who_is_no_administrator_is_told_so(windows: Windows) -> None:
    window = windows.open(1)

    window.go("#/admin/numbers")

    expect(window.page.get_by_text("This is for administrators.")).to_be_visible()
    expect(window.page.get_by_role("link", name="Admin")).to_have_count(0)
