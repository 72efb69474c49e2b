"""The sweeper, by its own right to the credentials, keeps the table's picture of what ClickSend lists.

It runs after test_apps: the sweeper's first minute passes while that has something to do.
"""

import pytest
from textension.aws import clients
from textension.aws.clicksend_accounts import ClickSendAccount, ClickSendAccounts
from textension.aws.table import Table
from textension.clock import now_ms

from tests.stack.office import Office, eventually

pytestmark = pytest.mark.stack

NEW = "+12025550101"


@pytest.fixture
def accounts(office: Office, monkeypatch: pytest.MonkeyPatch) -> ClickSendAccounts:
    """What is written down in the running stack's table."""
    monkeypatch.setattr(clients, "dynamodb", lambda: office.dynamodb)
    return ClickSendAccounts(Table(office.file.outputs["TableName"]))


def checked(office: Office, accounts: ClickSendAccounts) -> ClickSendAccount | None:
    """What is known of the demo account, once it has been looked at."""
    found = accounts.get(office.file.demo.account)
    return found if found and found.checked_at else None


def test_the_accounts_numbers_are_known_soon_after_the_start(office: Office, accounts: ClickSendAccounts) -> None:
    listed = office.clicksend("GET", "/settings")["numbers"]

    found = eventually(lambda: checked(office, accounts), within=75, what="the account looked at")

    assert found is not None
    assert (found.numbers, found.trouble) == (frozenset(listed), "")
    assert len(listed) == 4


def test_a_new_number_is_known_at_the_next_sweep_once_it_is_wanted(office: Office, accounts: ClickSendAccounts) -> None:
    listed = office.clicksend("GET", "/settings")["numbers"]
    eventually(lambda: checked(office, accounts), within=75, what="the account looked at")
    office.clicksend("PUT", "/numbers", numbers=[*listed, NEW])
    office.let_look_again()
    try:
        accounts.want(office.file.demo.account, now_ms())

        def known() -> bool:
            office.sweep()
            found = checked(office, accounts)
            return found is not None and found.lists(NEW)

        eventually(known, within=75, what="the new number known")
    finally:
        office.clicksend("PUT", "/numbers", numbers=listed)
