"""What admins do with their account: numbers, opt-outs, quarantine, erasing a person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textension.aws.clicksend_accounts import ClickSendAccounts
from textension.aws.erasure import Erased, Erasure
from textension.aws.functions import Replayer
from textension.aws.log import MessageLog
from textension.aws.quarantine import Quarantine, Quarantined
from textension.caller import Caller
from textension.clicksend.pushes import InboundPush, fields, parse
from textension.errors import Conflict, InvalidNumber, NotFound, TextensionError, Unreadable
from textension.message import Conversation, Message, NumberSettings
from textension.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """The account of an admin. Raises NotFound for what is not the account's."""

    office: Office
    log: MessageLog
    quarantine: Quarantine
    replayer: Replayer
    erasure: Erasure
    clicksend: ClickSendAccounts

    # ------------------------------------------------------------ numbers

    def put_number(self, caller: Caller, settings: NumberSettings) -> NumberSettings:
        """Add a number that ClickSend lists for the account, or change one of the account's.

        Raises Conflict where ClickSend does not list it, or another account has it.
        """
        numbers = self.office.numbers
        present = numbers.get(settings.number, fresh=True)
        if present is None or present.account != caller.account:
            self._must_be_listed(caller, settings.number)
        return numbers.put(settings)

    def _must_be_listed(self, caller: Caller, number: str) -> None:
        known = self.clicksend.get(caller.account)
        if known is not None and known.lists(number):
            return
        self.clicksend.want(caller.account, self.office.clock())
        raise Conflict(
            f"ClickSend does not list {number} for this account; it is asked again within two minutes. An operator can "
            "add it at once: textension numbers add",
            code="number_not_listed",
        )

    def change_numbers(
        self, caller: Caller, numbers: Sequence[str], changes: dict[str, Any]
    ) -> dict[str, TextensionError | None]:
        """Make the same changes to several of the account's numbers; what kept each from it, if anything."""

        def change(number: str) -> None:
            self.office.numbers.put(replace(self.office.account_number(caller, number), **changes))

        return _each(numbers, change)

    def remove_numbers(self, caller: Caller, numbers: Sequence[str]) -> dict[str, TextensionError | None]:
        """Take several numbers out; what kept each from it, if anything."""
        return _each(numbers, lambda number: self.remove_number(caller, number))

    def remove_number(self, caller: Caller, number: str) -> None:
        """Take a number out. Its conversations stay; new texts to it go to quarantine."""
        self.office.numbers.remove(caller.account, self.office.account_number(caller, number).number)

    # ------------------------------------------------------------ messages

    def messages(
        self, caller: Caller, number: str | None, *, first: str, last: str, limit: int, after: str | None
    ) -> tuple[list[Message], str | None]:
        """A page of the messages of one number or of all, between two places of the log; the newest first."""
        own = [self.office.account_number(caller, number).number] if number else None
        numbers = own or self._every_number(caller)
        return self.log.page(caller.account, numbers, first=first, last=last, limit=limit, after=after)

    def _every_number(self, caller: Caller) -> list[str]:
        """The account's numbers, and those that were its once."""
        present = [settings.number for settings in self.office.numbers.of_account(caller.account)]
        return list(dict.fromkeys([*present, *self.office.numbers.former(caller.account)]))

    def lift_opt_out(self, caller: Caller, number: str, peer: str) -> None:
        """Text a peer again who said so by other means than START. Raises NotFound where there is no opt-out."""
        settings = self.office.account_number(caller, number)
        conversation = Conversation(caller.account, settings.number, self.office.peer(peer))
        self.office.conversations.lift_opt_out(conversation, settings, by=caller.source, now=self.office.clock())

    # ------------------------------------------------------------ quarantine, erasing

    def replay(self, caller: Caller, post_id: str) -> dict[str, Any]:
        """Take a quarantined post in again; what became of it."""
        replayed = self.replayer.replay(caller.account, post_id)
        if replayed is None:
            raise NotFound("nothing like that is in quarantine")
        return replayed

    def erase(self, caller: Caller, peer: str, *, remaining: Callable[[], int]) -> tuple[Erased, int]:
        """Erase a peer's texts, changes, name and quarantined posts; the latter counted apart."""
        value = self.office.peer(peer)
        quarantined = sum(self._erase_post(post, value) for post in self._posts(caller.account))
        return self.erasure.erase(caller.account, self._every_number(caller), value, remaining=remaining), quarantined

    def _posts(self, account: str) -> list[Quarantined]:
        found, more = self.quarantine.page(account)
        while more:
            page, more = self.quarantine.page(account, start=more)
            found += page
        return found

    def _erase_post(self, post: Quarantined, peer: str) -> bool:
        try:
            push = parse(fields(post.push))
            ours = isinstance(push, InboundPush) and self.office.peer(push.from_) == peer
        except (Unreadable, InvalidNumber):
            # Nobody knows whose it is: it goes when it holds the number in any form.
            ours = peer.lstrip("+").encode() in post.push.body
        if ours:
            self.quarantine.remove(post.account, post.id)
        return ours


def _each(numbers: Sequence[str], do: Callable[[str], None]) -> dict[str, TextensionError | None]:
    results: dict[str, TextensionError | None] = {}
    for number in dict.fromkeys(numbers):
        try:
            do(number)
        except TextensionError as error:
            results[number] = error
        else:
            results[number] = None
    return results
