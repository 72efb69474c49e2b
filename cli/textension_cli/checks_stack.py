"""The doctor's checks of the stack itself, and of this machine."""

from collections.abc import Iterator
from typing import Final

from textension.authenticity import PROBE
from textension.clock import HOUR, MINUTE, SECOND, now_ms

from textension_cli import checkout, output
from textension_cli.finding import Finding, Patient

_QUEUES: Final = {
    "outbound": "OutboundDeadLetterQueueUrl",
    "realtime": "RealtimeDeadLetterQueueUrl",
    "email": "EmailDeadLetterQueueUrl",
    "push": "PushDeadLetterQueueUrl",
    "failures": "FailureQueueUrl",
}
_NEEDED: Final = ("UserPoolId", "UserPoolClientId", "WebSocketUrl", *_QUEUES.values())
"""Outputs that older templates lack."""
_SETTLED: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_LATE: Final = 3 * MINUTE
"""The sweeper comes each minute; what it has not done by then is left undone."""
_BEHIND: Final = 30 * MINUTE
"""The sweeper catches up every five minutes; what keeps it from that for so long is worth a look."""
_DEPLOY: Final = "make build && sam deploy"


def stack(patient: Patient) -> Iterator[Finding]:
    """How the last deployment went, and whether it was this version of the template."""
    found, outputs = patient.session.stack.described, patient.session.stack.outputs
    missing = [name for name in _NEEDED if not outputs.get(name)]
    if found.status.endswith("IN_PROGRESS"):
        yield Finding("stack", "warn", f"CloudFormation is at work ({found.status}).", patient.command("doctor"))
    elif found.status and found.status not in _SETTLED:
        yield Finding("stack", "wrong", f"The last deployment failed ({found.status}).", _DEPLOY)
    elif missing:
        yield Finding("stack", "warn", f"An older template is deployed: it has no output {missing[0]}.", _DEPLOY)
    elif found.drifted:
        yield Finding("stack", "warn", "CloudFormation found resources that somebody changed by hand.", _DEPLOY)
    elif found.parameters.get("RequireWebhookToken") == "false":
        text = "RequireWebhookToken is false: whoever knows the subaccount's id may post."
        mend = "sam deploy --parameter-overrides RequireWebhookToken=true"
        yield Finding("stack", "warn", text, mend)
    else:
        yield Finding("stack", "ok", f"Deployed, and as the template has it ({found.status or 'no status'}).")


def parameters(patient: Patient) -> Iterator[Finding]:
    """The deployed parameters beside this checkout's template and samconfig.toml.

    A parameter that neither names is as somebody chose when deploying: `sam deploy` keeps it.
    """
    deployed, name = patient.session.stack.described.parameters, patient.session.stack.name
    missing = sorted(checkout.parameters() - deployed.keys())
    environment, wanted = checkout.wanted(name)
    other = {one: value for one, value in wanted.items() if deployed.get(one, value) != value}
    if not deployed:
        return
    if missing:
        text = f"An older template is deployed: it does not know {', '.join(missing[:5])}."
        yield Finding("parameters", "warn", text, _DEPLOY)
    if other:
        told = ", ".join(f"{one} is {deployed[one] or 'empty'} and not {value}" for one, value in sorted(other.items()))
        text = f"Not as samconfig.toml has it: {told}."
        yield Finding("parameters", "warn", text, f"{_DEPLOY} --config-env {environment}")
    if not missing and not other:
        yield Finding("parameters", "ok", "The deployed parameters are as this checkout has them.")


def address(patient: Patient) -> Iterator[Finding]:
    """Whether the public address answers over trusted TLS, and refuses a token that nobody has."""
    from textension.clicksend import address as public
    from textension.clicksend.rules import INBOUND, RECEIPTS

    inbound = patient.session.stack.outputs["WebhookUrl"]
    where = patient.addresses
    bases = where.bases if where else {INBOUND: inbound, RECEIPTS: f"{inbound.removesuffix('/sms')}/receipt"}
    replies = [
        public.ask("POST", f"{bases[INBOUND]}/{PROBE}"),
        public.ask("GET", f"{bases[INBOUND]}/{PROBE}"),
        public.ask("POST", f"{bases[RECEIPTS]}/{PROBE}"),
    ]
    mend = "make run" if patient.session.stack.local else _DEPLOY
    troubles = sorted({one.trouble for one in replies if one.trouble})
    opened = sorted({one.status for one in replies if one.status is not None and one.status != 403})
    if "certificate" in troubles:
        text = "The public address shows a certificate that ClickSend would not trust."
        yield Finding("address", "wrong", text, "renew the certificate of the domain (AWS Certificate Manager)")
    elif troubles:
        yield Finding("address", "wrong", f"The public address does not answer ({troubles[0]}).", mend)
    elif opened:
        text = f"The public address answers {opened[0]} to a token that nobody has, where it must be 403."
        yield Finding("address", "wrong", text, mend)
    elif not (inbound.startswith("https://") or patient.session.stack.local):
        yield Finding("address", "wrong", "The public address is not https: ClickSend would post in the clear.", mend)
    else:
        yield Finding("address", "ok", "The public address answers, and refuses strangers.")


def queues(patient: Patient) -> Iterator[Finding]:
    """What could not be handled."""
    from textension.aws.queues import depth

    outputs = patient.session.stack.outputs
    deep = {name: depth(outputs[key]) for name, key in _QUEUES.items() if outputs.get(key)}
    full = [f"{name} {count:,}" for name, count in deep.items() if count]
    if full:
        text = f"In dead-letter queues: {', '.join(full)}. See why, then redrive."
        yield Finding("queues", "wrong", text, patient.command("dlq list"))
    else:
        yield Finding("queues", "ok", "Nothing is in a dead-letter queue.")


def due(patient: Patient) -> Iterator[Finding]:
    """The oldest thing that was to be done and is not."""
    from textension.aws.items import DUE_SHARDS

    messages, now = patient.session.stack.messages, now_ms()

    def waits(age: int) -> bool:
        return any(messages.due(shard, now - age)[0] for shard in range(DUE_SHARDS))

    if not waits(_LATE):
        yield Finding("due", "ok", "Nothing that is due is left undone.")
        return
    known = next((words for age, words in ((HOUR, "an hour"), (10 * MINUTE, "ten minutes")) if waits(age)), "3 minutes")
    mend = f"sam logs --name Sweeper --stack-name {patient.session.stack.name}"
    yield Finding("due", "wrong", f"Something has been due for over {known}: the sweeper does not do it.", mend)


def catch_up(patient: Patient) -> Iterator[Finding]:
    """How far we have caught up with ClickSend's history."""
    found = patient.session.stack.catch_ups.get(patient.session.account)
    if found is None or patient.clicksend is None:
        return  # it begins with credentials that work
    minutes = (now_ms() - found.mark) // MINUTE
    if now_ms() - found.mark < _BEHIND:
        yield Finding("catch-up", "ok", f"Caught up with ClickSend's history, {output.count(minutes, 'minute')} ago.")
        return
    why = f" ({found.trouble})" if found.trouble else ""
    text = f"Not caught up with ClickSend's history for {output.count(minutes, 'minute')}{why}."
    yield Finding("catch-up", "warn", text, patient.command("catch-up"))


def quarantine(patient: Patient) -> Iterator[Finding]:
    """Posts that could not be taken in."""
    posts, more = patient.session.stack.quarantine.page(patient.session.account, limit=25)
    if posts:
        reasons = ", ".join(sorted({post.reason for post in posts}))
        count = f"{len(posts)} or more posts" if more else output.count(len(posts), "post")
        mend = patient.command("quarantine replay --all")
        yield Finding("quarantine", "warn", f"{count} in quarantine ({reasons}): mend the cause, then replay.", mend)
    else:
        yield Finding("quarantine", "ok", "Nothing is in quarantine.")


def email(patient: Patient) -> Iterator[Finding]:
    """Whether SES lets us mail as the sender."""
    from textension.aws.identities import verified

    sender = patient.session.stack.described.parameters.get("EmailFrom", "")
    if not sender:
        yield Finding("email", "ok", "E-mail copies are off: EmailFrom is empty.")
    elif verified(sender):
        yield Finding("email", "ok", f"SES lets us mail as {sender}.")
    else:
        mend = f"aws sesv2 create-email-identity --email-identity {sender}"
        yield Finding("email", "wrong", f"SES has not verified {sender}: no copy goes out.", mend)


def clock(patient: Patient) -> Iterator[Finding]:
    """This machine's clock against AWS's."""
    ahead = patient.session.stack.described.clock_ahead
    if ahead is None:
        yield Finding("clock", "ok", "AWS did not say what time it is.")
        return
    seconds = abs(ahead) // SECOND
    which = "ahead of" if ahead > 0 else "behind"
    if seconds > 240:
        text = f"This machine's clock is {seconds:,} s {which} AWS's, which refuses requests at five minutes."
        yield Finding("clock", "wrong", text, "sudo timedatectl set-ntp true")
    elif seconds > 30:
        yield Finding("clock", "warn", f"This machine is {seconds} s {which} AWS.", "sudo timedatectl set-ntp true")
    else:
        yield Finding("clock", "ok", "This machine's clock is AWS's.")


CHECKS: Final = (stack, parameters, address, queues, due, catch_up, quarantine, email, clock)
