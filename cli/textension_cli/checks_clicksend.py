"""The doctor's checks of what stands at ClickSend."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from textension.errors import ConfigurationError

from textension_cli import clicksend, webhook
from textension_cli.finding import Finding, Patient

if TYPE_CHECKING:
    from textension.clicksend.rules import Deviation

_WARNINGS: Final = frozenset({"old_token", "duplicate", "every_number", "stray"})
"""Deviations by which no text is lost."""


def credentials(patient: Patient) -> Iterator[Finding]:
    """Whether ClickSend lets us in. Where it does not, nothing else about it can be said."""
    found = patient.clicksend
    if found is not None:
        yield Finding("credentials", "ok", f"ClickSend lets {found.account.username} in.")
        return
    error = patient.trouble[0]
    if isinstance(error, ConfigurationError):
        why = f"{error}".partition(": textension ")[0]
        text = f"{why[:1].upper()}{why[1:]}. Account, rules and numbers at ClickSend cannot be looked at."
        yield Finding("credentials", "wrong", text, patient.command("credentials set"))
    else:
        yield Finding("credentials", "wrong", f"{error}. Look again later.", patient.command("credentials check"))


def account(patient: Patient) -> Iterator[Finding]:
    """Whether the account may send."""
    if patient.clicksend is None:
        return
    found = patient.clicksend.account
    if found.state == "banned":
        yield Finding("account", "wrong", "ClickSend has banned the account.", "ask ClickSend's support")
    elif found.state == "not_active":
        yield Finding("account", "wrong", "The account is not active.", f"activate it at {clicksend.DASHBOARD}")
    elif found.state == "on_trial":
        text = "The account is on trial: ClickSend limits what it sends."
        yield Finding("account", "warn", text, f"upgrade it at {clicksend.DASHBOARD}")
    else:
        yield Finding("account", "ok", "The account is active.")


def balance(patient: Patient) -> Iterator[Finding]:
    """Whether there is money to send with."""
    if patient.clicksend is None:
        return
    found = patient.clicksend.account
    mend = f"top it up at {clicksend.DASHBOARD}"
    if found.balance is None:
        yield Finding("balance", "warn", "ClickSend's balance cannot be read.", patient.command("credentials check"))
        return
    amount = f"{found.balance:.2f} {found.currency}".rstrip()
    if found.balance <= 0:
        yield Finding("balance", "wrong", f"The balance is {amount}: texts wait, for 24 hours at most.", mend)
    elif found.balance < patient.lowest_balance:
        yield Finding("balance", "warn", f"The balance is {amount}, below {patient.lowest_balance}.", mend)
    else:
        yield Finding("balance", "ok", f"The balance is {amount}.")


def subaccounts(patient: Patient) -> Iterator[Finding]:
    """Whether what ClickSend posts for us is taken in: its subaccount must be allowed."""
    allowed = patient.poster.subaccount_ids if patient.poster else frozenset()
    own = patient.clicksend.account.subaccount_id if patient.clicksend else ""
    listed = patient.clicksend.subaccounts if patient.clicksend else None
    strangers = sorted(allowed - {one.id for one in listed} - {own}) if listed is not None else []
    only = " --only" if strangers else ""
    if not allowed:
        mend = patient.command(f"subaccounts allow {own or 'SUBACCOUNT_ID'}")
        yield Finding("subaccounts", "wrong", "No subaccount may post: every text goes to quarantine.", mend)
    elif own and own not in allowed:
        text = f"The credentials are subaccount {own}'s, but only {', '.join(sorted(allowed))} may post."
        mend = patient.command(f"subaccounts allow {own}{only}")
        yield Finding("subaccounts", "wrong", f"{text} Its texts go to quarantine.", mend)
    elif strangers:
        text = f"{', '.join(strangers)} may post, and ClickSend does not list it."
        keep = " ".join(sorted(allowed - set(strangers)) or [own or "SUBACCOUNT_ID"])
        yield Finding("subaccounts", "warn", text, patient.command(f"subaccounts allow {keep} --only"))
    else:
        yield Finding("subaccounts", "ok", f"May post: {', '.join(sorted(allowed))}.")


def token(patient: Patient) -> Iterator[Finding]:
    """The token in the address."""
    where = patient.addresses
    if where is None:
        text = "The webhook has no token: everything is refused."
        yield Finding("token", "wrong", text, patient.command("webhook install"))
    elif len(where.tokens) > 1:
        text = "A rotation is not finished: the previous token still opens."
        yield Finding("token", "warn", text, patient.command("webhook rotate --finish"))
    else:
        yield Finding("token", "ok", "One token opens.")


def rules(patient: Patient) -> Iterator[Finding]:
    """ClickSend's rules, against those that there must be."""
    from textension.clicksend import rules as known

    at, where = patient.clicksend, patient.addresses
    if at is None or where is None:
        return
    if at.rules is None:
        text = "These credentials may not see ClickSend's rules: use those of the main account."
        yield Finding("rules", "warn", text, patient.command("credentials set"))
        return
    wishes = clicksend.wanted(patient.session, where)
    mine = known.ours(clicksend.prefix(patient.session), at.rules, where)
    found = known.deviations(wishes, mine, where)
    astray = [one for one in found if one.problem == "stray" and one.number in at.numbers]
    for one in astray:
        text = f"Texts to {one.number} come here, and are none of ours: they go to quarantine."
        yield Finding("rules", "wrong", text, patient.command(f"numbers add {one.number} --extension NAME"))
    mend = patient.command("webhook install")
    for level, group in (
        ("wrong", [one for one in found if one.problem not in _WARNINGS]),
        ("warn", [one for one in found if one.problem in _WARNINGS and one not in astray]),
    ):
        if group:
            yield Finding("rules", "wrong" if level == "wrong" else "warn", _sentence(group), mend)
    if not found:
        yield Finding("rules", "ok", f"ClickSend has the {len(wishes)} rules that there must be.")


def _sentence(group: "list[Deviation]") -> str:
    told = [f"the rule for {webhook.subject(one)} {webhook.WORDS[one.problem]}" for one in group]
    text = "; ".join(told[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else "")
    return f"{text[:1].upper()}{text[1:]}."


CHECKS: Final = (credentials, account, balance, subaccounts, token, rules)
