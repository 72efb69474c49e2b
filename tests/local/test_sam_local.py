"""`make invoke`: what it needs, and what it makes of an event."""

from pathlib import Path

import pytest

from local import config, sam_local
from local.errors import LocalError


def test_every_event_goes_in_with_the_stacks_own_token() -> None:
    folder = config.PROJECT / "events" / "inbound_webhook"
    given = {path.name: sam_local.with_token(path.read_text(), "the-stacks-token") for path in folder.glob("*.json")}
    without = {name for name, event in given.items() if "the-stacks-token" not in event}
    assert without == {"bare_path.json", "token_wrong.json", "replay_absent.json"}


def test_without_a_running_stack_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="make run"):
        sam_local.invoke(tmp_path / "stack.json", "InboundWebhook", tmp_path / "event.json")
