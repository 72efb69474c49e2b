"""What a client can look up: history, pull lists, account, numbers; and test pushes."""

import time

import httpx
import pytest

from .client import HANDSET, NUMBER, ORDINARY, ClickSend, eventually, message
from .receiver import Receiver

HISTORY_KEYS = {
    "direction",
    "date",
    "to",
    "body",
    "status",
    "from",
    "schedule",
    "status_code",
    "status_text",
    "error_code",
    "error_text",
    "message_id",
    "message_parts",
    "message_price",
    "from_email",
    "list_id",
    "custom_string",
    "contact_id",
    "user_id",
    "subaccount_id",
    "country",
    "carrier",
    "first_name",
    "last_name",
    "_api_username",
}
PULL_KEYS = "timestamp,from,body,original_body,original_message_id,to,custom_string,message_id,_keyword"
NUMBER_KEYS = (
    "dedicated_number,country,price,_country_name,notes,type,number_type,number_category,number_guid,"
    "form_submission_id,status"
)
RECEIPT_ROW_KEYS = (
    "timestamp_send,timestamp,message_id,status_code,status_text,error_code,error_text,custom_string,subaccount_id,"
    "message_type,digits"
)


def test_history_shows_both_directions_and_no_rejected_messages(clicksend: ClickSend) -> None:
    clicksend.settings(receipt_plan="none")
    clicksend.sent_ok(message(ORDINARY, custom_string="c1"), message("nonsense"))
    clicksend.text("A reply", sender=ORDINARY)

    out, back = clicksend.rows("/v3/sms/history")

    assert set(out) == set(back) == HISTORY_KEYS
    assert (out["direction"], out["status"], out["custom_string"], out["status_code"]) == (
        "out",
        "Completed",
        "c1",
        None,
    )
    assert out["message_price"] == "0.079200"
    assert isinstance(out["schedule"], str)
    assert (back["direction"], back["status"], back["body"]) == ("in", "Received", "A reply")


def test_history_is_filtered_by_field_and_date(clicksend: ClickSend) -> None:
    first, second = clicksend.sent_ok(message(body="1"), message(ORDINARY, "2"))
    now = int(time.time())

    def bodies(**query: str | int) -> list[str]:
        return [row["body"] for row in clicksend.rows("/v3/sms/history", **query)]

    assert bodies(q=f"to:{HANDSET}") == ["1"]
    assert bodies(q=f"to:{HANDSET},message_id:{second['message_id']}") == []
    assert bodies(q=f"to:{HANDSET},message_id:{second['message_id'].lower()}", operator="OR") == ["1", "2"]
    assert bodies(q=f"message_id:{first['message_id']}", date_from=now - 60, date_to=now + 60) == ["1"]
    assert bodies(date_from=now + 60) == bodies(date_to=now - 60) == []
    assert bodies(order_by="body:desc") == ["2", "1"]
    assert bodies(order_by="username:asc") == ["1", "2"]


def test_a_plus_that_is_not_encoded_finds_nothing(clicksend: ClickSend) -> None:
    clicksend.sent_ok(message())

    assert clicksend.http.get(f"/v3/sms/history?q=to:{HANDSET}").json()["data"]["total"] == 0
    assert clicksend.http.get(f"/v3/sms/history?q=to:%2B{HANDSET[1:]}").json()["data"]["total"] == 1


@pytest.mark.parametrize("query", [{"q": "custom_string:x"}, {"order_by": "price:asc"}, {"date_from": "yesterday"}])
def test_history_cannot_be_searched_by_everything(clicksend: ClickSend, query: dict[str, str]) -> None:
    assert clicksend.http.get("/v3/sms/history", params=query).status_code == 400


def test_history_may_lag(clicksend: ClickSend) -> None:
    clicksend.settings(history_delay_seconds=0.2)
    clicksend.sent_ok(message())

    assert clicksend.rows("/v3/sms/history") == []

    eventually(lambda: len(clicksend.rows("/v3/sms/history")) == 1)


def test_texts_are_pulled_only_where_a_poll_rule_matches(clicksend: ClickSend) -> None:
    clicksend.push_inbound_to("", action="POLL", dedicated_number=NUMBER)
    clicksend.push_inbound_to("", action="POLL")

    clicksend.text("STOP now")
    clicksend.text("to another", to="+61433333333")

    assert [row["body"] for row in clicksend.rows("/v3/sms/inbound")] == ["STOP now", "STOP now", "to another"]
    row = clicksend.rows("/v3/sms/inbound")[0]
    assert ",".join(row) == PULL_KEYS
    assert row["_keyword"] == "stop"


def test_pulled_texts_are_marked_as_read(clicksend: ClickSend) -> None:
    clicksend.push_inbound_to("", action="POLL")
    first = clicksend.text("1", timestamp=1000)["message_id"]
    clicksend.text("2", timestamp=2000)
    clicksend.text("3", timestamp=3000)

    assert clicksend.http.put(f"/v3/sms/inbound-read/{first}").json()["data"] == 1
    assert clicksend.http.put(f"/v3/sms/inbound-read/{first}").json()["data"] == 0
    assert [row["body"] for row in clicksend.rows("/v3/sms/inbound")] == ["2", "3"]

    clicksend.http.put("/v3/sms/inbound-read", json={"date_before": 2500})
    assert [row["body"] for row in clicksend.rows("/v3/sms/inbound")] == ["3"]

    answer = clicksend.http.put("/v3/sms/inbound-read").json()
    assert answer["response_msg"] == "Inbound messages have been marked as read."
    assert clicksend.rows("/v3/sms/inbound") == []


def test_a_reply_is_found_by_the_id_of_what_it_answers(clicksend: ClickSend) -> None:
    sent = clicksend.sent_ok(message())[0]["message_id"]
    clicksend.text("first reply")
    clicksend.text("second reply")

    assert clicksend.get(f"/v3/sms/inbound/{sent}")["data"]["body"] == "first reply"
    assert clicksend.http.get("/v3/sms/inbound/unknown").status_code == 404


def test_receipts_are_pulled_where_a_poll_rule_matches(clicksend: ClickSend) -> None:
    clicksend.push_receipts_to("", action="POLL")
    sent = clicksend.sent_ok(message(custom_string="c1"))[0]["message_id"]

    eventually(lambda: len(clicksend.rows("/v3/sms/receipts")) == 1)
    row = clicksend.rows("/v3/sms/receipts")[0]
    assert ",".join(row) == RECEIPT_ROW_KEYS
    assert (row["message_id"], row["status_code"], row["error_code"], row["custom_string"]) == (sent, "201", None, "c1")
    assert clicksend.get(f"/v3/sms/receipts/{sent}")["data"] == row

    clicksend.http.put("/v3/sms/receipts-read")
    assert clicksend.rows("/v3/sms/receipts") == []
    assert clicksend.get(f"/v3/sms/receipts/{sent}")["response_msg"] == "Your receipt."


def test_a_receipt_that_is_not_there_is_a_404(clicksend: ClickSend) -> None:
    answer = clicksend.http.get("/v3/sms/receipts/unknown")

    assert (answer.status_code, answer.json()["response_msg"]) == (404, "Receipt record not found.")


@pytest.mark.parametrize("kind", ["post", "get", "json"])
def test_a_test_push_of_an_inbound_text(clicksend: ClickSend, receiver: Receiver, kind: str) -> None:
    answer = clicksend.http.post("/v3/sms/inbound", json={"url": receiver.url, "webhook_type": kind}).json()

    (push,) = receiver.stays_at(1)
    fields = push.json if kind == "json" else push.query if kind == "get" else push.form
    assert answer["response_msg"] == "Here are your incoming messages."
    assert fields["message_id"] == answer["data"]["message_id"]
    assert fields["body"].startswith("This is a test incoming SMS. ")
    assert clicksend.rows("/v3/sms/history") == []


def test_a_test_push_of_a_receipt_or_one_to_pull(clicksend: ClickSend, receiver: Receiver) -> None:
    pushed = clicksend.http.post("/v3/sms/receipts", json={"url": receiver.url}).json()
    clicksend.http.post("/v3/sms/receipts", json={"url": "poll"})

    assert receiver.stays_at(1)[0].form["message_id"] == pushed["data"]["message_id"]
    assert pushed["response_msg"] == "Receipt has been added"
    assert pushed["data"]["custom_string"] is None
    assert len(clicksend.rows("/v3/sms/receipts")) == 1


@pytest.mark.parametrize(
    "body", [{}, {"url": "https://example.com"}, {"url": "http://127.0.0.1/", "webhook_type": "x"}]
)
def test_a_test_push_that_cannot_be_is_refused(clicksend: ClickSend, body: dict[str, str]) -> None:
    assert clicksend.http.post("/v3/sms/inbound", json=body).status_code == 400


def test_the_account_shows_balance_and_its_subaccounts_key(clicksend: ClickSend) -> None:
    answer = clicksend.get("/v3/account")

    account = answer["data"]
    assert answer["response_msg"] == "Here's your account."
    assert (account["user_id"], account["username"], account["active"], account["banned"]) == (100001, "demo", 1, 0)
    assert account["balance"] == "1000.000000"
    assert account["_currency"]["currency_name_short"] == "AUD"
    assert account["_subaccount"]["subaccount_id"] == 100002
    assert account["_subaccount"]["api_key"] == "DEMO-API-KEY-NOT-A-SECRET"


def test_subaccounts_are_listed(clicksend: ClickSend) -> None:
    (subaccount,) = clicksend.rows("/v3/subaccounts")

    assert (subaccount["api_username"], subaccount["is_main"], subaccount["access_sms"]) == ("demo", 1, 1)


def test_the_accounts_numbers_are_listed(clicksend: ClickSend) -> None:
    answer = clicksend.get("/v3/numbers")

    page = answer["data"]
    assert answer["response_msg"] == "Here are you dedicated numbers."
    assert [row["dedicated_number"] for row in page["data"]] == [NUMBER, "+61433333333", "+61444444444", "+14055555555"]
    assert (page["total"], page["last_page"], page["_currency"]["currency_name_short"]) == (4, 1, "AUD")
    row = page["data"][0]
    assert ",".join(row) == NUMBER_KEYS
    assert (row["type"], row["number_type"], row["country"], row["status"]["value"]) == ("sms", "longcode", "AU", 0)


def test_numbers_come_in_pages_of_at_most_a_hundred(clicksend: ClickSend) -> None:
    numbers = [f"+1202555{number:04d}" for number in range(100, 200)] + [NUMBER, HANDSET]
    clicksend.settings(numbers=numbers)

    pages = [clicksend.get("/v3/numbers", page=page, limit=500)["data"] for page in (1, 2)]

    assert [page["last_page"] for page in pages] == [2, 2]
    assert [[row["dedicated_number"] for row in page["data"]] for page in pages] == [numbers[:100], numbers[100:]]


def test_an_account_without_numbers_gets_neither_rows_nor_a_currency(clicksend: ClickSend) -> None:
    clicksend.settings(numbers=[])

    page = clicksend.get("/v3/numbers")["data"]

    assert (page["total"], page["last_page"]) == (0, 0)
    assert not {"data", "_currency"} & page.keys()


def test_numbers_are_for_the_account_only(clicksend: ClickSend) -> None:
    answer = httpx.get(f"{clicksend.url}/v3/numbers", auth=("demo", "wrong"))

    assert (answer.status_code, answer.json()["response_msg"]) == (401, "Authorization failed.")


@pytest.mark.parametrize("mode", [403, 429, 500])
def test_the_list_of_numbers_can_fail_like_any_other(clicksend: ClickSend, mode: int) -> None:
    clicksend.fault(mode, path="/v3/numbers")

    assert clicksend.http.get("/v3/numbers").status_code == mode
    assert clicksend.http.get("/v3/numbers").status_code == 200
