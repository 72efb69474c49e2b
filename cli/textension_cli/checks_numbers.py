"""The doctor's checks of our numbers and of who sees their texts."""

from collections.abc import Iterator
from typing import Final

from textension_cli.finding import Finding, Patient


def numbers(patient: Patient) -> Iterator[Finding]:
    """Our numbers: that there are some, that somebody sees their texts, that none is disabled."""
    found = patient.numbers
    unseen = [one.number for one in found if not one.extensions]
    disabled = [one.number for one in found if not one.enabled]
    if not found:
        mend = patient.command("numbers add NUMBER --extension NAME")
        yield Finding("numbers", "wrong", "The account has no number yet.", mend)
    if unseen:
        text = f"Without an extension, so that nobody sees their texts: {', '.join(unseen)}."
        mend = patient.command(f"numbers change {' '.join(unseen)} --extension NAME")
        yield Finding("numbers", "wrong", text, mend)
    if disabled:
        text = f"Disabled, so that nobody is told and nothing is sent: {', '.join(disabled)}."
        yield Finding("numbers", "warn", text, patient.command(f"numbers change {' '.join(disabled)} --enabled"))
    if found and not unseen and not disabled:
        yield Finding("numbers", "ok", f"Enabled and seen by somebody: {len(found)}.")


def at_clicksend(patient: Patient) -> Iterator[Finding]:
    """Whether ClickSend gives us the texts of our numbers."""
    if patient.clicksend is None or not patient.numbers:
        return
    unlisted = [one.number for one in patient.numbers if one.number not in patient.clicksend.numbers]
    if unlisted:
        text = f"ClickSend does not list for this account: {', '.join(unlisted)}. Buy it back there, or remove it here."
        mend = [patient.command(f"numbers remove {one}") for one in unlisted]
        yield Finding("listed", "wrong", text, " && ".join([*mend, patient.command("webhook install")]))
    else:
        yield Finding("listed", "ok", "ClickSend lists all of our numbers.")


def users(patient: Patient) -> Iterator[Finding]:
    """Whether somebody signs in as each extension."""
    wanted = {extension for one in patient.numbers for extension in one.extensions}
    there = {one.extension for one in patient.session.stack.users.of_account(patient.session.account) if one.enabled}
    alone = sorted(wanted - there)
    if alone:
        text = f"Nobody signs in as extension {', '.join(alone[:10])}{' …' if len(alone) > 10 else ''}."
        mend = patient.command(f"users invite EMAIL --extension {alone[0]}")
        yield Finding("users", "warn", text, mend)
    elif wanted:
        yield Finding("users", "ok", "Somebody signs in as each extension.")


CHECKS: Final = (numbers, at_clicksend, users)
