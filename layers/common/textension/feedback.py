"""What SES says of mails that came back, read from the JSON that it publishes.

Shapes: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from textension.clock import SECOND
from textension.errors import Unreadable

MESSAGE_TAG: Final = "message"
"""The tag on each of our mails: the id of the message that it copies."""
_GREETING: Final = "Successfully validated SNS topic"
_REASON: Final = 300


class Kind(StrEnum):
    """How an address gave trouble."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    REJECT = "reject"
    """SES took the mail and then found it harmful."""
    REFUSED = "refused"
    """SES did not take the mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One mail that came back, with its only address. `message_id` is as its tag says, and proves nothing."""

    kind: Kind
    permanent: bool
    reason: str
    at: int
    message_id: str
    address: str


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Mail(_Shape):
    timestamp: datetime
    destination: list[str] = Field(default_factory=list)
    tags: dict[str, list[str]] = Field(default_factory=dict)


class _Recipient(_Shape):
    diagnostic: str = Field("", alias="diagnosticCode")


class _Bounce(_Shape):
    kind: str = Field(alias="bounceType")
    reason: str = Field("", alias="bounceSubType")
    recipients: list[_Recipient] = Field(default_factory=list, alias="bouncedRecipients")
    timestamp: datetime | None = None


class _Complaint(_Shape):
    feedback: str | None = Field(None, alias="complaintFeedbackType")
    reason: str | None = Field(None, alias="complaintSubType")
    timestamp: datetime | None = None


class _Reject(_Shape):
    reason: str = ""


class _Event(_Shape):
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    reject: _Reject | None = None


def is_greeting(body: str) -> bool:
    """Whether it is what SES publishes once, as plain text, when a configuration set is given its topic."""
    return body.startswith(_GREETING)


def is_feedback(event: Mapping[str, Any]) -> bool:
    """Whether SES said it, of whatever kind: by way of a configuration set, or of an identity."""
    return "eventType" in event or "notificationType" in event


def read(event: Mapping[str, Any]) -> Feedback | None:
    """What came back; None where nothing did, or where the mail was none of ours by its tag and addresses.

    Raises Unreadable when it is a bounce, a complaint or a reject, and not in the documented shape.
    """
    if str(event.get("eventType") or event.get("notificationType")).lower() not in {"bounce", "complaint", "reject"}:
        return None
    try:
        found = _Event.model_validate(event)
    except ValidationError:
        raise Unreadable("feedback_malformed") from None  # its text would quote what it read
    tags = found.mail.tags.get(MESSAGE_TAG, [])
    if len(tags) != 1 or len(found.mail.destination) != 1:
        return None
    kind, permanent, reason, at = _trouble(found)
    return Feedback(
        kind=kind,
        permanent=permanent,
        reason=reason[:_REASON],
        at=int((at or found.mail.timestamp).astimezone(UTC).timestamp() * SECOND),
        message_id=tags[0],
        address=found.mail.destination[0],
    )


def _trouble(event: _Event) -> tuple[Kind, bool, str, datetime | None]:
    if bounce := event.bounce:
        said = [one.diagnostic for one in bounce.recipients if one.diagnostic]
        reason = ": ".join([f"{bounce.kind} {bounce.reason}".strip(), *said[:1]])
        return Kind.BOUNCE, bounce.kind == "Permanent", reason, bounce.timestamp
    if complaint := event.complaint:
        return Kind.COMPLAINT, True, complaint.feedback or complaint.reason or "", complaint.timestamp
    if event.reject:
        return Kind.REJECT, False, event.reject.reason, None
    raise Unreadable("feedback_malformed")
