"""What is wrong now, in words, and which setting to change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from textension.aws.clicksend_accounts import ClickSendAccounts
from textension.aws.emails import EmailTroubles
from textension.aws.items import DUE_SHARDS
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.quarantine import Quarantine
from textension.aws.queues import depth
from textension.clock import HOUR, MINUTE, Clock, now_ms

type Status = Literal["ok", "warn", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong."""

    name: str
    status: Status
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Looks at an account. `dead_letters` are the queues of what could not be handled, by name."""

    messages: Messages
    numbers: Numbers
    quarantine: Quarantine
    clicksend: ClickSendAccounts
    troubles: EmailTroubles
    dead_letters: Mapping[str, str]
    sends_email: bool
    clock: Clock = now_ms

    def look(self, account: str) -> list[Check]:
        """All checks. Raises Unavailable."""
        looks: list[Callable[[str], Iterator[Check]]] = [
            self._clicksend,
            self._due,
            self._queues,
            self._quarantine,
            self._numbers,
            self._email,
        ]
        return [check for look in looks for check in look(account)]

    def _clicksend(self, account: str) -> Iterator[Check]:
        known, now = self.clicksend.get(account), self.clock()
        if known is None or known.tried_at is None:
            yield Check("clicksend", "warn", "ClickSend has not been asked yet: the sweeper does so each ten minutes.")
        elif known.trouble:
            yield Check(
                "clicksend",
                "wrong",
                f"ClickSend does not let us in ({known.trouble}): correct the credentials secret. Texts wait.",
            )
        elif now - known.tried_at > HOUR:
            yield Check("clicksend", "warn", "ClickSend has not been asked for an hour: is the sweeper running?")
        else:
            yield Check("clicksend", "ok", f"ClickSend lets us in, and lists {_count(len(known.numbers), 'number')}.")

    def _due(self, _account: str) -> Iterator[Check]:
        now = self.clock()
        late = now - 3 * MINUTE
        overdue = any(self.messages.due(shard, late)[0] for shard in range(DUE_SHARDS))
        if overdue:
            yield Check("oldest_due", "wrong", "Something has been due for over three minutes: look at sweeper's log.")
        else:
            yield Check("oldest_due", "ok", "Nothing that is due is left undone.")

    def _queues(self, _account: str) -> Iterator[Check]:
        for name, url in self.dead_letters.items():
            count = depth(url)
            summary = f"{count} could not be handled: see the function's log, then redrive." if count else "Empty."
            yield Check(f"queue_{name}", "wrong" if count else "ok", summary)

    def _quarantine(self, account: str) -> Iterator[Check]:
        posts, more = self.quarantine.page(account, limit=25)
        if posts:
            reasons = ", ".join(sorted({post.reason for post in posts}))
            count = f"{len(posts)} or more posts" if more else _count(len(posts), "post")
            yield Check("quarantine", "warn", f"{count} in quarantine ({reasons}): mend the cause, then replay them.")
        else:
            yield Check("quarantine", "ok", "Nothing is in quarantine.")

    def _numbers(self, account: str) -> Iterator[Check]:
        found = self.numbers.of_account(account)
        disabled = [settings.number for settings in found if not settings.enabled]
        if not found:
            yield Check("numbers", "wrong", "The account has no number yet: add one.")
        elif disabled:
            yield Check("numbers", "warn", f"Disabled, so that nobody is told: {', '.join(disabled)}.")
        else:
            yield Check("numbers", "ok", f"{_count(len(found), 'number')}, none disabled.")

    def _email(self, account: str) -> Iterator[Check]:
        troubles = self.troubles.of_account(account)
        if not self.sends_email:
            yield Check("email", "ok", "E-mail copies are off: EmailFrom is empty.")
        elif troubles:
            addresses = ", ".join(sorted({one.address for one in troubles}))
            yield Check("email", "warn", f"Mails came back from {addresses}: correct the numbers' addresses.")
        else:
            yield Check("email", "ok", "No mail came back.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
