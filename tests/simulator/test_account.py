"""The account at ClickSend: what it says of itself, its keys, and what a state of it does to sends."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from local.simulator import Credential, running

from .client import ORDINARY, ClickSend, message

REGENERATE = "/v3/subaccounts/100002/regen-api-key"


def test_a_regenerated_key_ends_the_old_one(clicksend: ClickSend) -> None:
    answer = clicksend.http.put(REGENERATE, json={}).json()

    assert answer["response_msg"] == "Your API Key has been regenerated."
    key = answer["data"]["api_key"]
    assert clicksend.http.get("/v3/account").status_code == 401
    signed_in: Any = httpx.get(f"{clicksend.url}/v3/account", auth=("demo", key)).json()
    assert signed_in["data"]["_subaccount"]["api_key"] == key

    clicksend.http.post("/simulator/reset", json={"all": True})
    assert clicksend.http.get("/v3/account").status_code == 200


def test_a_regenerated_key_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with running(state_file=state) as first:
        key = httpx.put(f"{first.url}{REGENERATE}", auth=("demo", first.credential.api_key)).json()["data"]["api_key"]
    with running(state_file=state) as second:
        assert httpx.get(f"{second.url}/v3/account", auth=("demo", key)).status_code == 200
        assert httpx.get(f"{second.url}/v3/account", auth=("demo", first.credential.api_key)).status_code == 401


def test_each_subaccount_has_a_key_of_its_own_and_strangers_are_not_there() -> None:
    sales = Credential(username="sales", api_key="s", subaccount_id=100003)
    stranger = Credential(username="stranger", api_key="x", subaccount_id=200002, user_id=200001)
    with running(credentials=(Credential(), sales, stranger)) as simulator:
        ours = httpx.Client(base_url=simulator.url, auth=("demo", Credential().api_key))
        assert ours.put("/v3/subaccounts/200002/regen-api-key").status_code == 404
        assert ours.put("/v3/subaccounts/100003/regen-api-key").status_code == 200
        assert httpx.get(f"{simulator.url}/v3/account", auth=("sales", "s")).status_code == 401
        assert httpx.get(f"{simulator.url}/v3/account", auth=("stranger", "x")).status_code == 200
        shown = ours.get("/v3/account").json()["data"]["_subaccount"]
        assert (shown["subaccount_id"], shown["is_main"]) == (100002, 1)
        ours.close()


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"active": False}, {"active": 0, "banned": 0, "on_trial": 0}),
        ({"banned": True}, {"active": 1, "banned": 1, "on_trial": 0}),
        ({"on_trial": True}, {"active": 1, "banned": 0, "on_trial": 1}),
    ],
)
def test_the_accounts_state_is_set_by_control(
    clicksend: ClickSend, settings: dict[str, bool], shown: dict[str, int]
) -> None:
    clicksend.settings(**settings)

    account = clicksend.get("/v3/account")["data"]

    assert {name: account[name] for name in shown} == shown


@pytest.mark.parametrize("settings", [{"active": False}, {"banned": True}])
def test_an_account_that_is_not_active_sends_nothing(clicksend: ClickSend, settings: dict[str, bool]) -> None:
    clicksend.settings(**settings)
    assert clicksend.statuses(message(ORDINARY)) == ["ACCOUNT_NOT_ACTIVATED"]
