"""The registry of seeded defects: what each breaks, the run in which it shows, and the checks that must see it."""

from typing import Final

from textension.states import State

from bench.reliability import defects_app as to_apps
from bench.reliability import defects_inbound as incoming
from bench.reliability import defects_outbound as outgoing
from bench.reliability.checker import Check
from bench.reliability.controls import Defect, Scenario
from bench.reliability.faults import Fault, Strike

WEBHOOK: Final = "inbound_webhook"
RELAY: Final = "stream_relay"
SENDER: Final = "outbound_sender"
STORE: Final = "dynamodb.TransactWriteItems"
POST: Final = "POST /v3/sms/send"


def after(scenario: str, *strikes: Strike) -> Scenario:
    """A scenario, said shortly."""
    return Scenario(scenario, strikes)


_NOT_STORED: Final = after("inbound", Strike(WEBHOOK, STORE, Fault.ERROR_BEFORE, times=2))
_ANSWER_LOST: Final = after("inbound", Strike(WEBHOOK, "invoke", Fault.ANSWER_LOST))
_PUBLISH_FAILS: Final = after("inbound", Strike(RELAY, "sns.PublishBatch", Fault.ERROR_BEFORE, times=2))
_INBOUND: Final = after("inbound")
INBOUND: Final = (
    Defect(
        "early-acknowledgement",
        "200 though nothing is stored",
        incoming.early_acknowledgement,
        _NOT_STORED,
        frozenset({Check.LOST}),
    ),
    Defect(
        "unconditional-store",
        "a repeat is stored again",
        incoming.unconditional_store,
        _ANSWER_LOST,
        frozenset({Check.DUPLICATED}),
    ),
    Defect(
        "dedupe-by-time",
        "the dedupe key is the time",
        incoming.dedupe_by_time,
        _ANSWER_LOST,
        frozenset({Check.DUPLICATED}),
    ),
    Defect(
        "dedupe-by-peer",
        "the dedupe key is the sender",
        incoming.same_id_is_a_repeat,
        after("two-texts"),
        frozenset({Check.LOST}),
    ),
    Defect(
        "counted-apart",
        "unread is no part of the transaction",
        incoming.counted_apart,
        _ANSWER_LOST,
        frozenset({Check.MISCOUNTED}),
    ),
    Defect(
        "pointer-elsewhere",
        "no pointer finds the text",
        incoming.pointer_elsewhere,
        _ANSWER_LOST,
        frozenset({Check.DUPLICATED}),
    ),
    Defect(
        "stored-in-two-steps",
        "pointer and text are two writes",
        incoming.stored_in_two_steps,
        after("inbound", Strike(WEBHOOK, STORE, Fault.KILLED_AFTER)),
        frozenset({Check.LOST}),
    ),
    Defect(
        "published-first",
        "the webhook publishes, then stores",
        incoming.published_first,
        _INBOUND,
        frozenset({Check.EARLY}),
    ),
    Defect(
        "told-first",
        "published before it is among the changes",
        incoming.told_before_written_down,
        _INBOUND,
        frozenset({Check.EARLY}),
    ),
    Defect(
        "publish-swallowed",
        "an error of SNS is passed over",
        incoming.publish_swallowed,
        _PUBLISH_FAILS,
        frozenset({Check.LOST}),
    ),
    Defect(
        "marked-first",
        "marked as announced before it is published",
        incoming.marked_before_published,
        after("inbound", *(Strike(RELAY, "sns.PublishBatch", Fault.KILLED_BEFORE, times=9),)),
        frozenset({Check.LOST}),
    ),
    Defect(
        "changes-forgotten",
        "nothing for apps that were offline",
        incoming.changes_forgotten,
        _INBOUND,
        frozenset({Check.LOST, Check.EARLY}),
    ),
    Defect(
        "new-event-ids",
        "a repeated event has a new id",
        incoming.new_event_ids,
        after("inbound", Strike(RELAY, "invoke", Fault.DUPLICATE)),
        frozenset({Check.DUPLICATED}),
    ),
    Defect(
        "not-due-to-announce",
        "no due_at while unannounced",
        incoming.not_due_to_announce,
        after("without-stream"),
        frozenset({Check.SILENT}),
    ),
    Defect("never-announced", "stored as announced", incoming.never_announced, _INBOUND, frozenset({Check.LOST})),
    Defect(
        "taken-out-first",
        "out of quarantine before it is stored",
        incoming.taken_out_first,
        after("replay", Strike(WEBHOOK, STORE, Fault.KILLED_BEFORE)),
        frozenset({Check.LOST}),
    ),
    Defect(
        "receipt-swallowed",
        "a receipt is acknowledged that was not written",
        incoming.receipt_swallowed,
        after("receipt", Strike(WEBHOOK, "dynamodb.UpdateItem", Fault.ERROR_BEFORE, times=2)),
        frozenset({Check.UNTRUE}),
    ),
    Defect(
        "anything-goes",
        "every transition is legal",
        incoming.anything_goes,
        after("receipt-inside-send"),
        frozenset({Check.ILLEGAL}),
    ),
    Defect(
        "delivered-is-sent", "201 is read as 200", incoming.delivered_is_sent, after("reply"), frozenset({Check.UNTRUE})
    ),
    Defect(
        "patient-client",
        "ten seconds for each answer of AWS",
        incoming.patient_client,
        after("inbound", Strike(WEBHOOK, "dynamodb.GetItem", Fault.HANG_BEFORE, times=2)),
        frozenset({Check.LATE}),
    ),
)


_HANGS: Final = after("late-receipt", Strike(SENDER, POST, Fault.HANG_AFTER))
_NOT_TAKEN: Final = after("reply", Strike(SENDER, POST, Fault.HANG_BEFORE))
_KILLED: Final = after("late-receipt", Strike(SENDER, POST, Fault.KILLED_AFTER))
_KILLED_BEFORE: Final = after("reply", Strike(SENDER, POST, Fault.KILLED_BEFORE))
_TWICE: Final = frozenset({Check.DUPLICATED})
OUTBOUND: Final = (
    Defect(
        "claim-without-condition",
        "two workers may claim one message",
        outgoing.claim_without_condition,
        after("reply", Strike(SENDER, "invoke", Fault.DUPLICATE)),
        _TWICE,
    ),
    Defect(
        "resent-on-lease-expiry",
        "a dead worker's message is sent again",
        outgoing.resent_on_lease_expiry,
        _KILLED,
        _TWICE,
    ),
    Defect("unknown-is-resent", "what was not answered is sent again", outgoing.unknown_is_resent, _HANGS, _TWICE),
    Defect("timeout-is-proof", "a time-out counts as not processed", outgoing.timeout_is_proof, _HANGS, _TWICE),
    Defect(
        "server-error-is-proof",
        "a 500 counts as not processed",
        outgoing.server_error_is_proof,
        after("late-receipt", Strike(SENDER, POST, Fault.ERROR_AFTER)),
        _TWICE,
    ),
    Defect(
        "client-retries",
        "the HTTP client retries a send",
        outgoing.client_retries,
        after("late-receipt", Strike(SENDER, POST, Fault.RESET_AFTER)),
        _TWICE,
    ),
    Defect("endless-lease", "no due_at at a claim", outgoing.endless_lease, _KILLED_BEFORE, frozenset({Check.SILENT})),
    Defect(
        "leases-never-end",
        "the sweeper leaves dead workers' messages",
        outgoing.leases_never_end,
        _KILLED_BEFORE,
        frozenset({Check.SILENT}),
    ),
    Defect(
        "queued-is-not-due",
        "no due_at while queued",
        outgoing.due_at_without(State.QUEUED),
        after("without-stream"),
        frozenset({Check.SILENT}),
    ),
    Defect(
        "scheduled-is-not-due",
        "no due_at while scheduled",
        outgoing.due_at_without(State.SCHEDULED),
        after("scheduled"),
        frozenset({Check.SILENT}),
    ),
    Defect(
        "rung-once",
        "a doorbell without effect is not rung again",
        outgoing.rung_once_for_ever,
        after("without-bell"),
        frozenset({Check.SILENT}),
    ),
    Defect("never-looked-up", "no look into history", outgoing.never_looked_up, _NOT_TAKEN, frozenset({Check.SILENT})),
    Defect(
        "matched-by-number",
        "history is matched by the number alone",
        outgoing.matched_by_number,
        after("two-replies", Strike(SENDER, POST, Fault.HANG_BEFORE, nth=2)),
        frozenset({Check.UNTRUE}),
    ),
    Defect(
        "silence-is-rejection",
        "an empty history counts as rejected",
        outgoing.silence_is_rejection,
        _NOT_TAKEN,
        frozenset({Check.ILLEGAL, Check.LOST}),
    ),
    Defect(
        "sent-is-not-told",
        "steps are not announced",
        outgoing.sent_is_not_told,
        after("reply"),
        frozenset({Check.LOST}),
    ),
    Defect(
        "key-ignored",
        "the Idempotency-Key is not heeded",
        outgoing.key_ignored,
        after("reply", Strike("app_api", "invoke", Fault.ANSWER_LOST)),
        _TWICE,
    ),
    Defect(
        "schedule-ignored",
        "a scheduled text goes out at once",
        outgoing.schedule_ignored,
        after("scheduled"),
        frozenset({Check.EARLY}),
    ),
    Defect(
        "sweeper-blind",
        "the sweeper finds nothing",
        outgoing.sweeper_blind,
        after("scheduled"),
        frozenset({Check.SILENT}),
    ),
    Defect(
        "accepted-before-stored",
        "202 though nothing is stored",
        outgoing.accepted_before_stored,
        after("reply", Strike("app_api", "dynamodb.TransactWriteItems", Fault.ERROR_BEFORE, times=2)),
        frozenset({Check.LOST}),
    ),
    Defect(
        "late-answer-wins",
        "the send's answer overwrites the receipt",
        outgoing.late_answer_wins,
        after("receipt-inside-send"),
        frozenset({Check.ILLEGAL}),
    ),
    Defect(
        "answer-filled-in", "no answer counts as sent", outgoing.answer_filled_in, _NOT_TAKEN, frozenset({Check.UNTRUE})
    ),
)
_UNREAD: Final = after("inbound-to-frame", Strike("realtime", "dynamodb.Query", Fault.ERROR_BEFORE, times=2))
TO_APPS: Final = (
    Defect(
        "unreached-is-reached",
        "connections that could not be read are none",
        to_apps.unreached_is_reached,
        _UNREAD,
        frozenset({Check.LOST}),
    ),
    Defect(
        "frames-of-other-ids",
        "a frame does not carry the event's id",
        to_apps.frames_of_other_ids,
        after("inbound-to-frame"),
        frozenset({Check.UNEXPECTED}),
    ),
    Defect(
        "never-caught-up",
        "ClickSend's history is not looked into",
        to_apps.never_caught_up,
        after("never-posted"),
        frozenset({Check.LOST}),
    ),
    Defect(
        "sweep-dies",
        "a sweep without secrets ends with an exception",
        to_apps.sweep_dies,
        after("never-posted", Strike("sweeper", "secrets-manager.GetSecretValue", Fault.ERROR_BEFORE, times=2)),
        frozenset({Check.CRASHED}),
    ),
)
DEFECTS: Final = (*INBOUND, *OUTBOUND, *TO_APPS)
