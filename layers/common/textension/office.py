"""What an extension may do with its numbers: every question of access is answered here, and the same way.

What is not the caller's looks like what is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textension import phone
from textension.accepting import Draft, accept, cancel, resend
from textension.aws.caps import Caps
from textension.aws.changes import Change, Changes, Position
from textension.aws.contacts import Contacts
from textension.aws.conversations import Conversations, Place, Summary
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.caller import Caller
from textension.clock import Clock, now_ms
from textension.errors import InvalidNumber, NotFound
from textension.ids import Signer
from textension.message import Conversation, Message, NumberSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The numbers, conversations and messages of whoever calls. Unless said otherwise, raises NotFound for others'."""

    numbers: Numbers
    conversations: Conversations
    messages: Messages
    changes: Changes
    contacts: Contacts
    caps: Caps
    signer: Signer
    country: str
    clock: Clock = now_ms

    # ------------------------------------------------------------ what is mine

    def my_numbers(self, caller: Caller) -> list[NumberSettings]:
        """The numbers that the caller's extension is listed with, in order."""
        return self.numbers.of_extension(caller.account, caller.extension)

    def my_number(self, caller: Caller, number: str) -> NumberSettings:
        """One of them. That a number is the caller's is believed for 30 s, that it is not never."""
        value = self.e164(number)
        for fresh in (False, True):
            settings = self.numbers.get(value, fresh=fresh)
            if settings and settings.account == caller.account and caller.extension in settings.extensions:
                return settings
        raise NotFound("you have no such number")

    def account_number(self, caller: Caller, number: str) -> NumberSettings:
        """One of the account's numbers, for its admins."""
        settings = self.numbers.get(self.e164(number), fresh=True)
        if settings is None or settings.account != caller.account:
            raise NotFound("the account has no such number")
        return settings

    def my_conversation(self, caller: Caller, number: str, peer: str) -> tuple[NumberSettings, Conversation]:
        """A conversation of one of the caller's numbers, whether anything was said in it yet or not."""
        settings = self.my_number(caller, number)
        return settings, Conversation(settings.account, settings.number, self.peer(peer))

    def message(self, caller: Caller, message_id: str) -> tuple[NumberSettings, Message]:
        """A message of one of the caller's numbers; for an admin, of any of the account's."""
        message = self.messages.by_id(message_id)
        if message is None or message.account != caller.account:
            raise NotFound("you have no such message")
        number = message.conversation.number
        try:
            own = self.account_number if caller.admin else self.my_number
            return own(caller, number), message
        except NotFound as error:
            raise NotFound("you have no such message") from error

    def e164(self, number: str) -> str:
        """A number of ours in its one form; what is none is not there."""
        try:
            return phone.e164(number, self.country)
        except InvalidNumber as error:
            raise NotFound("you have no such number") from error

    def peer(self, value: str) -> str:
        """The other side in its one form. Raises InvalidNumber."""
        return phone.peer(value, self.country)

    # ------------------------------------------------------------ reading

    def inbox(
        self, caller: Caller, *, number: str | None, limit: int, place: Place | None
    ) -> tuple[list[Summary], Place | None]:
        """A page of the conversations of one or all of the caller's numbers, the newest first."""
        numbers = [self.my_number(caller, number)] if number else self.my_numbers(caller)
        return self.conversations.page(caller.account, [one.number for one in numbers], limit=limit, place=place)

    def names(self, caller: Caller, summaries: Sequence[Summary]) -> dict[str, str]:
        """The contacts' names of a page of conversations."""
        return self.contacts.names(caller.account, {one.conversation.peer for one in summaries})

    def changed(self, caller: Caller, position: Position | None, *, limit: int) -> tuple[list[Change], Position, bool]:
        """What changed on the caller's numbers since; without a position nothing, and where the present is."""
        now = self.clock()
        numbers = [one.number for one in self.my_numbers(caller)]
        if position is not None:
            return self.changes.since(caller.account, numbers, caller.extension, position, limit=limit, now=now)
        present = self.changes.present(caller.account, numbers, caller.extension, now=now)
        return [], present, False

    # ------------------------------------------------------------ doing

    def send(
        self,
        caller: Caller,
        number: str,
        peer: str,
        text: str,
        *,
        key: str,
        schedule_at: int | None = None,
        valid_until: int | None = None,
        at_least_once: bool = False,
    ) -> Message:
        """Queue or schedule a text; the same `key` of the same extension is the same text. Times in Unix ms.

        Raises what `accepting.accept` raises.
        """
        settings = self.my_number(caller, number)
        draft = Draft(
            origin=caller.source,
            key=key,
            to=peer,
            text=text,
            author=caller.extension,
            schedule_at=schedule_at,
            valid_until=valid_until,
            at_least_once=at_least_once,
        )
        return accept(draft, settings, self.messages, country=self.country, now=self.clock(), caps=self.caps)

    def resend(self, caller: Caller, message_id: str) -> Message:
        """Send a message again. Raises what `accepting.resend` raises."""
        settings, old = self.message(caller, message_id)
        return resend(
            old,
            settings,
            self.messages,
            origin=caller.source,
            author=caller.extension,
            country=self.country,
            caps=self.caps,
            now=self.clock(),
        )

    def cancel(self, caller: Caller, message_id: str) -> Message:
        """Take a message back. Raises Conflict where it is too late."""
        _, message = self.message(caller, message_id)
        return cancel(message, self.messages, origin=caller.source, now=self.clock())

    def read(self, caller: Caller, number: str, peer: str, up_to: str) -> int:
        """Mark a conversation as read up to a message; how many are unread after it."""
        _, conversation = self.my_conversation(caller, number, peer)
        return self.conversations.read(conversation, caller.extension, up_to=up_to, now=self.clock())
