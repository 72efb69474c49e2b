"""Every inbound text is copied, once, to the e-mail addresses of the number that got it; what comes back is noted."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from textension import feedback, ids, mail
from textension.aws.emails import Claim, EmailMarks, EmailTrouble, EmailTroubles, MarkState
from textension.aws.mailer import Mailer
from textension.aws.numbers import Numbers
from textension.clock import Clock, now_ms
from textension.errors import Unavailable, Undeliverable, Unreadable
from textension.message import Conversation, NumberSettings

ENOUGH: Final = 15_000
"""Milliseconds that one address may take at worst: SES asked twice, the table before and after."""


class Result(StrEnum):
    """What became of a copy, or of a mail that came back."""

    SENT = "sent"
    SKIPPED = "skipped"
    """Sent before, or nobody's; or the address is left alone."""
    REFUSED = "refused"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Report:
    """What was done for one record, of which message; why some of it is still to be done, where it is."""

    message_id: str = ""
    done: Counter[Result] = field(default_factory=Counter)
    again: tuple[str, ...] = ()


def _whole(value: object) -> object:
    """A text as UTF-8 can carry it: pydantic takes no halves of surrogate pairs."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


type _Whole = Annotated[str, BeforeValidator(_whole)]


class _Data(BaseModel):
    # The id becomes a tag of the mail, and SES allows no other characters there.
    message_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    account: Annotated[str, Field(min_length=1)]
    number: Annotated[str, Field(min_length=1)]
    peer: Annotated[_Whole, Field(min_length=1)]
    text: _Whole
    received_at: datetime


class _Event(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    type: Literal["message.received"]
    data: _Data


def received(event: Mapping[str, Any]) -> mail.Received:
    """The text that a CloudEvent `message.received` tells of. Raises Unreadable for anything else."""
    try:
        data = _Event.model_validate(event).data
    except ValidationError:
        raise Unreadable("event_malformed") from None  # its text would quote what it read
    return mail.Received(
        message_id=data.message_id,
        conversation=Conversation(data.account, data.number, data.peer),
        text=data.text,
        at=data.received_at.astimezone(UTC),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Mails texts. A copy goes out at least once: only a worker's death between SES and the table repeats it."""

    numbers: Numbers
    marks: EmailMarks
    troubles: EmailTroubles
    mailer: Mailer
    signer: ids.Signer
    app_url: str
    clock: Clock = now_ms

    def take(self, body: str, *, remaining: Callable[[], int]) -> Report:
        """One record of the queue: an event of ours, or what SES says. `remaining` is the time left in ms.

        Raises Unreadable when it is neither, Unavailable when nothing could be done.
        """
        if feedback.is_greeting(body):
            return Report()
        event = _object(body)
        if feedback.is_feedback(event):
            return self._note(feedback.read(event))
        return self._copy(received(event), remaining)

    # ------------------------------------------------------------ out

    def _copy(self, text: mail.Received, remaining: Callable[[], int]) -> Report:
        settings = self.numbers.get(text.conversation.number)
        if settings is None or not self._wanted(text, settings):
            return Report(text.message_id, Counter({Result.SKIPPED: 1}))
        done: Counter[Result] = Counter()
        again: list[str] = []
        for address in settings.emails:
            if remaining() < ENOUGH:
                again.append("no time left")
                break
            try:
                done[self._mail(text, settings, address)] += 1
            except Unavailable as error:  # one address's trouble keeps no other waiting
                again.append(str(error))
        return Report(text.message_id, done, tuple(again))

    def _wanted(self, text: mail.Received, settings: NumberSettings) -> bool:
        # A number may have found another owner since; what was texted to the old one is not the new one's.
        ours = settings.account == text.conversation.account
        return bool(self.mailer.sender and settings.enabled and settings.emails and ours)

    def _mail(self, text: mail.Received, settings: NumberSettings, address: str) -> Result:
        account, now = settings.account, self.clock()
        trouble = self.troubles.get(account, address)
        if trouble and trouble.rests(now):
            return Result.SKIPPED
        match self.marks.claim(text.message_id, address, now=now):
            case Claim.DONE:
                return Result.SKIPPED
            case Claim.BUSY:
                raise Unavailable("another worker is mailing it")
        try:
            self.mailer.send(self._composed(text, settings, address), to=address, message_id=text.message_id)
        except Undeliverable as refusal:
            self.troubles.note(
                EmailTrouble(
                    account=account,
                    address=address,
                    kind=feedback.Kind.REFUSED,
                    permanent=False,
                    reason=refusal.reason,
                    at=now,
                    message_id=text.message_id,
                )
            )
            self.marks.settle(text.message_id, address, MarkState.REFUSED)
            return Result.REFUSED
        self.marks.settle(text.message_id, address, MarkState.SENT)
        return Result.SENT

    def _composed(self, text: mail.Received, settings: NumberSettings, address: str) -> bytes:
        conversation = text.conversation
        group = self.signer.group(conversation.account, conversation.number, conversation.peer)
        return mail.compose(
            text,
            label=settings.label,
            sender=self.mailer.sender,
            to=address,
            app_url=self.app_url,
            thread=mail.thread_id(group),
        )

    # ------------------------------------------------------------ back

    def _note(self, came_back: feedback.Feedback | None) -> Report:
        if came_back is None:
            return Report(done=Counter({Result.SKIPPED: 1}))
        account = self.marks.account_of(came_back.message_id, came_back.address)
        if account is None:
            return Report(done=Counter({Result.SKIPPED: 1}))
        self.troubles.note(
            EmailTrouble(
                account=account,
                address=came_back.address,
                kind=came_back.kind,
                permanent=came_back.permanent,
                reason=came_back.reason,
                at=came_back.at,
                message_id=came_back.message_id,
            )
        )
        return Report(came_back.message_id, Counter({Result.BOUNCED: 1}))


def _object(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        raise Unreadable("not_json") from None
    if not isinstance(event, dict):
        raise Unreadable("not_an_object")
    return event
