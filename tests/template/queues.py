"""What carries the work on: queues, the stream, and what becomes of what fails."""

import json
from collections.abc import Iterator
from typing import Final

from tests.template.findings import DAY, Broken, bounded, changing, differs, setting
from tests.template.translated import Properties, Template, functions, of_type, target

HOUR: Final = 3_600


def mappings(template: Template) -> dict[str, Properties]:
    """The event source mappings."""
    return of_type(template, "AWS::Lambda::EventSourceMapping")


def queues(template: Template) -> dict[str, Properties]:
    """The queues."""
    return of_type(template, "AWS::SQS::Queue")


def the_outbound_queue_keeps_order(template: Template) -> list[str]:
    """FIFO, a group for each conversation; a deduplication id of our own, so none made of the content."""
    queue = queues(template)["OutboundQueue"]
    wanted = {"FifoQueue": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    found = {name: queue.get(name) for name in wanted}
    return differs("the outbound queue", found, wanted) + differs(
        "content based deduplication", queue.get("ContentBasedDeduplication", False), False
    )


def queues_are_encrypted(template: Template) -> list[str]:
    """At rest, by SQS's own key."""
    return [f"{name} is not encrypted" for name, one in queues(template).items() if not one.get("SqsManagedSseEnabled")]


def messages_stay_hidden_while_worked_on(template: Template) -> list[str]:
    """AWS: a queue's visibility timeout is at least six times its function's timeout."""
    found = []
    for name, mapping in mappings(template).items():
        queue = queues(template).get(target(mapping["EventSourceArn"]))
        timeout = functions(template)[target(mapping["FunctionName"])]["Timeout"]
        if queue is not None and queue.get("VisibilityTimeout", 30) < 6 * timeout:
            found.append(f"{name}: {queue.get('VisibilityTimeout', 30)} s for a function of {timeout} s")
    return found


def every_queue_that_is_read_has_a_dead_letter_queue(template: Template) -> list[str]:
    """Of the same type, and keeping longer than its source, two weeks at least."""
    sources = {target(mapping["EventSourceArn"]) for mapping in mappings(template).values()}
    return [
        f"{name}: {reason}"
        for name in sorted(sources & queues(template).keys())
        for reason in _dead_letter_trouble(name, template)
    ]


def _dead_letter_trouble(name: str, template: Template) -> Iterator[str]:
    source = queues(template)[name]
    redrive = source.get("RedrivePolicy") or {}
    dead = queues(template).get(target(redrive.get("deadLetterTargetArn")))
    if dead is None:
        yield "no dead-letter queue"
        return
    if bool(dead.get("FifoQueue")) != bool(source.get("FifoQueue")):
        yield "the dead-letter queue is of another type"
    if dead.get("MessageRetentionPeriod", 0) < max(14 * DAY, source.get("MessageRetentionPeriod", 4 * DAY)):
        yield "the dead-letter queue forgets too soon"
    if not 3 <= redrive.get("maxReceiveCount", 0) <= 10:
        yield f"gives up after {redrive.get('maxReceiveCount')}"


def failures_are_kept_for_two_weeks(template: Template) -> list[str]:
    """The queue of what asynchronous paths could not do."""
    return differs("retention", queues(template)["FailureQueue"].get("MessageRetentionPeriod"), 14 * DAY)


def what_is_old_is_not_told_in_real_time(template: Template) -> list[str]:
    """Apps read what they missed; after an outage, hours of it must not stand before what happens now."""
    retention = queues(template)["RealtimeQueue"].get("MessageRetentionPeriod", 4 * DAY)
    return bounded("retention of the real-time queue", retention, 5 * 60, HOUR)


def the_stream_never_blocks(template: Template) -> list[str]:
    """A record that always fails is bisected out, tried a few times, and ends in the failure queue."""
    [mapping] = [one for one in mappings(template).values() if target(one["EventSourceArn"]) == "Table"]
    pattern = {"dynamodb": {"NewImage": {"unannounced": {"BOOL": [{"exists": True}]}}}}
    filters = [json.loads(one["Pattern"]) for one in mapping.get("FilterCriteria", {}).get("Filters", [])]
    return [
        *differs("starting position", mapping["StartingPosition"], "TRIM_HORIZON"),
        *differs("bisecting", mapping.get("BisectBatchOnFunctionError"), True),
        *differs("partial answers", mapping.get("FunctionResponseTypes"), ["ReportBatchItemFailures"]),
        *bounded("retries", mapping.get("MaximumRetryAttempts", -1), 1, 10),
        *bounded("age of records", mapping.get("MaximumRecordAgeInSeconds", -1), 60, DAY),
        *differs("failures go", _on_failure(mapping), "FailureQueue"),
        *differs("the filter", filters, [pattern]),
    ]


def _on_failure(configured: Properties) -> str:
    return target(configured.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"))


def queue_batches_fail_in_part(template: Template) -> list[str]:
    """One bad message does not bring the others of its batch again."""
    return [
        f"{name} does not report failures one by one"
        for name, mapping in mappings(template).items()
        if target(mapping["EventSourceArn"]) in queues(template)
        and mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]
    ]


def asynchronous_calls_have_a_failure_destination(template: Template) -> list[str]:
    """A schedule that cannot invoke, and a function that was invoked and failed, both leave a trace."""
    configured = {
        target(one["FunctionName"]): one for one in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    found = []
    for name, schedule in of_type(template, "AWS::Scheduler::Schedule").items():
        function = target(schedule["Target"]["Arn"])
        if target(schedule["Target"].get("DeadLetterConfig", {}).get("Arn")) not in queues(template):
            found.append(f"{name} has no dead-letter queue")
        if _on_failure(configured.get(function, {})) not in queues(template):
            found.append(f"{function} has no failure destination")
    return found


def nothing_else_invokes_asynchronously(template: Template) -> list[str]:
    """A new kind of asynchronous caller needs a check of its own here. Topics feed queues (`topics.py`)."""
    kinds = {"AWS::Events::Rule", "AWS::S3::Bucket", "AWS::Pipes::Pipe"}
    return [f"{name} is a {one['Type']}" for name, one in template["Resources"].items() if one["Type"] in kinds]


CHECKS: Final = (
    the_outbound_queue_keeps_order,
    queues_are_encrypted,
    messages_stay_hidden_while_worked_on,
    every_queue_that_is_read_has_a_dead_letter_queue,
    failures_are_kept_for_two_weeks,
    what_is_old_is_not_told_in_real_time,
    the_stream_never_blocks,
    queue_batches_fail_in_part,
    asynchronous_calls_have_a_failure_destination,
    nothing_else_invokes_asynchronously,
)

BROKEN: Final[Broken] = (
    (the_outbound_queue_keeps_order, setting("OutboundQueue", FifoThroughputLimit=None)),
    (queues_are_encrypted, setting("FailureQueue", SqsManagedSseEnabled=None)),
    (messages_stay_hidden_while_worked_on, setting("OutboundSender", Timeout=25)),
    (messages_stay_hidden_while_worked_on, setting("OutboundQueue", VisibilityTimeout=None)),
    (messages_stay_hidden_while_worked_on, setting("EmailQueue", VisibilityTimeout=179)),
    (every_queue_that_is_read_has_a_dead_letter_queue, setting("OutboundQueue", RedrivePolicy=None)),
    (every_queue_that_is_read_has_a_dead_letter_queue, setting("RealtimeQueue", RedrivePolicy=None)),
    (every_queue_that_is_read_has_a_dead_letter_queue, setting("EmailDeadLetterQueue", MessageRetentionPeriod=None)),
    (every_queue_that_is_read_has_a_dead_letter_queue, setting("OutboundDeadLetterQueue", FifoQueue=None)),
    (failures_are_kept_for_two_weeks, setting("FailureQueue", MessageRetentionPeriod=345600)),
    (what_is_old_is_not_told_in_real_time, setting("RealtimeQueue", MessageRetentionPeriod=None)),
    (the_stream_never_blocks, setting("StreamRelayTableStream", MaximumRetryAttempts=None)),
    (the_stream_never_blocks, setting("StreamRelayTableStream", DestinationConfig=None)),
    (the_stream_never_blocks, setting("StreamRelayTableStream", FilterCriteria=None)),
    (the_stream_never_blocks, setting("StreamRelayTableStream", BisectBatchOnFunctionError=False)),
    (queue_batches_fail_in_part, setting("OutboundSenderOutboundQueue", FunctionResponseTypes=None)),
    (queue_batches_fail_in_part, setting("EmailNotifierEmailQueue", FunctionResponseTypes=None)),
    (asynchronous_calls_have_a_failure_destination, setting("SweeperEventInvokeConfig", DestinationConfig=None)),
    (asynchronous_calls_have_a_failure_destination, changing("SweeperEachMinute", "Target", DeadLetterConfig=None)),
    (
        nothing_else_invokes_asynchronously,
        lambda one: one["Resources"].update(Rule={"Type": "AWS::Events::Rule"}),
    ),
)
