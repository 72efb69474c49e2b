"""Automation rules: create, read, update, delete, and what is refused."""

import pytest

from .client import NUMBER, ClickSend, inbound_rule, receipt_rule

URL = "http://127.0.0.1:1/hook"
INBOUND, RECEIPTS = "/v3/automations/sms/inbound", "/v3/automations/sms/receipts"
INBOUND_KEYS = (
    "inbound_rule_id,dedicated_number,rule_name,message_search_type,message_search_term,action,action_address,body,"
    "enabled,webhook_type"
)
RECEIPT_KEYS = "receipt_rule_id,rule_name,match_type,action,action_address,enabled"
PAGE_KEYS = "total,per_page,current_page,last_page,next_page_url,prev_page_url,from,to,data"


def test_the_life_of_an_inbound_rule(clicksend: ClickSend) -> None:
    created = clicksend.http.post(INBOUND, json=inbound_rule(URL, webhook_type="json")).json()
    address = f"{INBOUND}/{created['data']['inbound_rule_id']}"

    assert created["response_msg"] == "Your record has been added."
    assert ",".join(created["data"]) == INBOUND_KEYS
    assert (created["data"]["enabled"], created["data"]["webhook_type"]) == (1, "json")

    assert clicksend.get(address)["response_msg"] == "Your inbound rule."
    listed = clicksend.get(INBOUND)
    assert listed["response_msg"] == "Your list of inbound rules."
    assert listed["data"]["data"] == [created["data"]]
    assert ",".join(listed["data"]) == f"{PAGE_KEYS},first_page_url,last_page_url,path,links"

    updated = clicksend.http.put(address, json=inbound_rule(URL, dedicated_number=NUMBER, enabled=0)).json()
    assert updated["response_msg"] == "Your record has been updated."
    assert (updated["data"]["dedicated_number"], updated["data"]["enabled"]) == (NUMBER, 0)
    assert updated["data"]["webhook_type"] == "post"

    deleted = clicksend.http.delete(address).json()
    assert (deleted["response_msg"], deleted["data"]) == ("Your record has been deleted.", [])
    assert clicksend.http.get(address).status_code == 404


def test_the_life_of_a_receipt_rule(clicksend: ClickSend) -> None:
    created = clicksend.http.post(RECEIPTS, json=receipt_rule(URL)).json()
    address = f"{RECEIPTS}/{created['data']['receipt_rule_id']}"

    assert created["response_msg"] == "Your new SMS receipt has been added."
    assert ",".join(created["data"]) == RECEIPT_KEYS
    assert clicksend.get(address)["response_msg"] == "Your rule incoming voice receipt."
    assert clicksend.get(RECEIPTS)["response_msg"] == "Your list of rule incoming sms receipt."
    assert clicksend.rows(RECEIPTS) == [created["data"]]

    updated = clicksend.http.put(address, json=receipt_rule(URL, rule_name="Other")).json()
    assert updated["response_msg"] == "Your rule incoming sms receipt has been updated."
    assert updated["data"]["rule_name"] == "Other"

    deleted = clicksend.http.delete(address).json()
    assert (deleted["response_msg"], deleted["data"]) == ("Your rule incoming sms receipt has been deleted.", [])
    assert clicksend.rows(RECEIPTS) == []


@pytest.mark.parametrize("path", [INBOUND, RECEIPTS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_rule_that_does_not_exist_is_a_404(clicksend: ClickSend, path: str, method: str) -> None:
    answer = clicksend.http.request(method, f"{path}/1", json=inbound_rule(URL, match_type=0))

    assert (answer.status_code, answer.json()["response_code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("field", sorted(set(inbound_rule(URL)) - {"webhook_type"}))
def test_every_field_of_an_inbound_rule_is_required(clicksend: ClickSend, field: str) -> None:
    rule = inbound_rule(URL)
    del rule[field]

    answer = clicksend.http.post(INBOUND, json=rule)

    assert answer.status_code == 400
    assert answer.json()["data"] == {field: f"The {field} field is required."}


@pytest.mark.parametrize("field", sorted(receipt_rule(URL)))
def test_every_field_of_a_receipt_rule_is_required_in_updates_too(clicksend: ClickSend, field: str) -> None:
    rule_id = clicksend.push_receipts_to(URL)
    rule = receipt_rule(URL)
    del rule[field]

    answer = clicksend.http.put(f"{RECEIPTS}/{rule_id}", json=rule)

    assert answer.status_code == 400
    assert list(answer.json()["data"]) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("action", "FLY"), ("message_search_type", 4), ("webhook_type", "put"), ("enabled", "perhaps")],
)
def test_a_value_that_does_not_exist_is_refused(clicksend: ClickSend, field: str, value: object) -> None:
    answer = clicksend.http.post(INBOUND, json=inbound_rule(URL) | {field: value})

    assert (answer.status_code, list(answer.json()["data"])) == (400, [field])


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://127.0.0.1.example.com/hook",
        "http://localhost@example.com/hook",
        "http://10.0.0.1/hook",
        "http://0.0.0.0/hook",
        "http://[::]/hook",
        "http://[/hook",
        "http://localhost:port/hook",
        "ftp://127.0.0.1/hook",
        "/hook",
        "",
    ],
)
def test_rules_push_only_to_this_machine(clicksend: ClickSend, url: str) -> None:
    for path, rule in ((INBOUND, inbound_rule(url)), (RECEIPTS, receipt_rule(url))):
        answer = clicksend.http.post(path, json=rule)

        assert (answer.status_code, list(answer.json()["data"])) == (400, ["action_address"])
    assert clicksend.rows(INBOUND) == []


@pytest.mark.parametrize("url", ["https://127.1.2.3/h", "http://localhost:1/h", "http://[::1]:1/h"])
def test_every_loopback_address_will_do(clicksend: ClickSend, url: str) -> None:
    assert clicksend.push_inbound_to(url)


def test_the_search_term_may_be_null(clicksend: ClickSend) -> None:
    answer = clicksend.http.post(INBOUND, json=inbound_rule(URL, message_search_term=None))

    assert answer.json()["data"]["message_search_term"] is None


def test_lists_come_in_pages_of_15_to_100(clicksend: ClickSend) -> None:
    ids = [clicksend.push_inbound_to(URL) for _ in range(17)]

    first, second = clicksend.get(INBOUND)["data"], clicksend.get(INBOUND, page=2, limit=1)["data"]

    assert [row["inbound_rule_id"] for row in first["data"] + second["data"]] == ids
    assert (first["total"], first["per_page"], first["last_page"], first["next_page_url"]) == (17, 15, 2, "/?page=2")
    assert (first["from"], first["to"], second["from"], second["to"]) == (1, 15, 16, 17)
    assert (second["prev_page_url"], second["next_page_url"]) == ("/?page=1", None)
    assert clicksend.get(INBOUND, limit=1000)["data"]["per_page"] == 100


def test_an_empty_list_has_no_last_page(clicksend: ClickSend) -> None:
    page = clicksend.get(INBOUND)["data"]

    assert (page["total"], page["current_page"], page["last_page"], page["data"]) == (0, 1, 0, [])
