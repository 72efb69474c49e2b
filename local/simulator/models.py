"""The simulator's nouns: what it is told (settings, rules, orders) and what it keeps (texts, receipts)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

type Wire = dict[str, object]
"""One JSON object as it goes over the wire; shaped at the edge and never looked into afterwards."""

type Profile = Literal[16, 14, 13, 10]
"""How many keys an inbound push carries; see `payloads`."""

type WebhookType = Literal["post", "get", "json"]


class Strict(BaseModel):
    """Refuses misspelt fields, so that a test cannot set something that does not exist."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Credential(Strict):
    """One username and API key, and the ids that ClickSend shows for it. The defaults are public demo values."""

    username: str = "demo"
    api_key: str = "DEMO-API-KEY-NOT-A-SECRET"
    subaccount_id: int = 100002
    user_id: int = 100001


class ReceiptStep(Strict):
    """One delivery receipt of a plan: what it says, when, how often."""

    status_code: Literal[200, 201, 300, 301, 302] = 201
    delay: float | None = Field(default=None, ge=0)
    copies: int = Field(default=1, ge=1, le=100)
    custom_string: Literal["echo", "empty", "absent"] = "echo"
    before_answer: bool = False


NAMED_PLANS: dict[str, list[ReceiptStep]] = {
    "delivered": [ReceiptStep()],
    "undelivered": [ReceiptStep(status_code=301)],
    "pending_then_delivered": [ReceiptStep(status_code=200), ReceiptStep()],
    "temporary_failure": [ReceiptStep(status_code=300)],
    "duplicate": [ReceiptStep(copies=2)],
    "out_of_order": [ReceiptStep(), ReceiptStep(status_code=200)],
    "none": [],
    "without_custom_string": [ReceiptStep(custom_string="absent")],
    "before_answer": [ReceiptStep(before_answer=True)],
}


def _spell_out(plan: object) -> object:
    """Let a plan be a name, and a step be its status code alone (`[200, 201]`)."""
    if isinstance(plan, str):
        if plan not in NAMED_PLANS:
            raise ValueError(f"unknown plan; known are {', '.join(NAMED_PLANS)}")
        return NAMED_PLANS[plan]
    if isinstance(plan, list):
        return [{"status_code": int(step)} if isinstance(step, int | str) else step for step in plan]
    return plan


type Plan = Annotated[list[ReceiptStep], BeforeValidator(_spell_out)]


class Settings(Strict):
    """What people and tests may change while the simulator runs (`PUT /simulator/settings`)."""

    balance: Decimal = Decimal(1000)
    active: bool = True
    banned: bool = False
    on_trial: bool = False
    price_per_part: Decimal = Field(default=Decimal("0.0792"), ge=0)
    enabled_countries: list[str] = ["AU", "CA", "CN", "GB", "NZ", "US"]
    throttle_seconds: float = Field(default=0, ge=0)
    max_parts: int = Field(default=8, ge=1)
    numbers: list[str] = ["+61411111111", "+61433333333", "+61444444444", "+14055555555"]
    shared_number: str = "+14055555666"
    sender_substitutions: dict[str, str] = {}
    """`from` as asked for -> `from` as used; `*` stands for every sender."""
    envelope_errors: dict[str, int] = {}
    """Per-message status -> HTTP status: such a message then fails the whole request."""
    receipt_plan: Plan = [ReceiptStep()]
    receipt_delay_seconds: float = Field(default=0.5, ge=0)
    receipts_for_test_numbers: bool = True
    """Real ClickSend sends none; here every demo number is a test number, so the default is to send them."""
    history_delay_seconds: float = Field(default=0, ge=0)
    history_own_ids: bool = False
    """Whether history names inbound texts by other ids than pushes do: ClickSend says nothing of that."""
    inbound_profile: Profile = 16
    integers: bool | None = None
    """Numbers in JSON pushes: true all integers, false all strings, null as each profile was seen."""
    time_scale: float = Field(default=1.0, ge=0)
    push_timeout_seconds: float = Field(default=15, gt=0)


class InboundRule(BaseModel):
    """An inbound automation rule as stored."""

    inbound_rule_id: int
    dedicated_number: str
    rule_name: str
    message_search_type: Literal[0, 1, 2, 3]
    message_search_term: str | None
    action: str
    action_address: str | None
    body: str | None = None
    enabled: bool
    webhook_type: WebhookType = "post"


class ReceiptRule(BaseModel):
    """A delivery receipt rule as stored."""

    receipt_rule_id: int
    rule_name: str
    match_type: Literal[0, 1, 2]
    action: str
    action_address: str | None
    enabled: bool


class InboundOrder(Strict):
    """A text that a handset sends, as ordered by `POST /simulator/inbound`."""

    sender: str = Field(alias="from", min_length=1)
    to: str = Field(min_length=1)
    body: str
    message_id: str | None = None
    timestamp: int | None = None
    profile: Profile | None = None
    webhook_type: WebhookType | None = None
    integers: bool | None = None
    subaccount_id: int | None = None
    custom_string: str | None = None
    copies: int = Field(default=1, ge=1, le=100)
    wait: bool = False


class NumbersOrder(Strict):
    """The dedicated numbers that the account is to have, as ordered by `PUT /simulator/numbers`."""

    numbers: list[str]


@dataclass(slots=True)
class Outbound:
    """One message of a send request that ClickSend took in, whether it then accepted or rejected it."""

    message_id: str
    at: float
    to: str
    body: str
    sender: str
    schedule: int
    parts: int
    price: Decimal
    from_email: str | None
    custom_string: str
    user_id: int
    subaccount_id: int
    username: str
    shared: bool
    country: str
    status: str
    accepted: bool
    receipt_code: int | None = None

    @property
    def date(self) -> int:
        """Unix second of the send."""
        return int(self.at)


@dataclass(slots=True)
class Inbound:
    """One text from a handset, with the outbound message that ClickSend found for it."""

    message_id: str
    at: float
    timestamp: int
    sender: str
    to: str
    body: str
    custom_string: str
    original_message_id: str
    original_body: str
    user_id: int
    subaccount_id: int
    unread_for: list[int]
    """Ids of the POLL rules that matched; emptied when the text is marked as read."""
    pushed: int = 0
    """How many pushes it led to."""

    def originals(self) -> Wire:
        """The three fields about the outbound that this answers."""
        return {
            "original_message_id": self.original_message_id,
            "original_body": self.original_body,
            "custom_string": self.custom_string,
        }


@dataclass(slots=True)
class Receipt:
    """One delivery report that came about for a message."""

    message_id: str
    status_code: int
    timestamp: int
    timestamp_send: int
    custom_string: str | None
    user_id: int
    subaccount_id: int
    unread: bool
