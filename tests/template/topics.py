"""Who hears what happens: subscriptions, what becomes of what they cannot deliver, and whom the queues take from."""

from typing import Any, Final

from tests.template.findings import Broken, Mutation, arn, changing, differs, properties, setting, without
from tests.template.translated import Template, each, functions, of_type, target

SUBSCRIPTIONS: Final = {
    "RealtimeSubscription": ("EventsTopic", "RealtimeQueue", None),
    "EmailSubscription": ("EventsTopic", "EmailQueue", {"type": ["message.received"]}),
    "PushSubscription": ("EventsTopic", "PushQueue", {"type": ["message.received"]}),
    "EmailFeedbackSubscription": ("EmailFeedbackTopic", "EmailQueue", None),
}
FEEDBACK: Final = {"bounce", "complaint", "reject"}


def subscriptions(template: Template) -> dict[str, Any]:
    """The topics' subscriptions."""
    return of_type(template, "AWS::SNS::Subscription")


def the_topics_have_their_subscribers(template: Template) -> list[str]:
    """Each is a queue; e-mail hears of texts that came in, and only where there is an address to send from."""
    found = {
        name: (target(one["TopicArn"]), target(one["Endpoint"]), one.get("FilterPolicy"))
        for name, one in subscriptions(template).items()
        if (one["Protocol"], one.get("FilterPolicyScope", "MessageAttributes")) == ("sqs", "MessageAttributes")
    }
    silent = set() if template["Conditions"]["SendsEmail"] else {"EmailSubscription"}
    wanted = {name: one for name, one in SUBSCRIPTIONS.items() if name not in silent}
    others = subscriptions(template).keys() - found.keys()
    return differs("subscriptions", found, wanted) + [
        f"{name} feeds no queue, or filters by content" for name in others
    ]


def subscriptions_are_raw(template: Template) -> list[str]:
    """The functions read the event itself; SNS's envelope would be read as none of ours."""
    return [f"{name} is wrapped" for name, one in subscriptions(template).items() if not one.get("RawMessageDelivery")]


def what_sns_cannot_deliver_is_kept(template: Template) -> list[str]:
    """SNS gives up at once, and for good, on a queue that refuses it: but for the subscription's dead-letter queue."""
    return [
        f"{name} has no dead-letter queue"
        for name, one in subscriptions(template).items()
        if _dead_letters_of(one) not in of_type(template, "AWS::SQS::Queue")
    ]


def _dead_letters_of(subscription: dict[str, Any]) -> str:
    return target(subscription.get("RedrivePolicy", {}).get("deadLetterTargetArn"))


def queues_take_from_their_topics_only(template: Template) -> list[str]:
    """Both the queues and the subscriptions' dead-letter queues, or what cannot be delivered is dropped."""
    wanted = {
        (queue, target(one["TopicArn"]))
        for one in subscriptions(template).values()
        for queue in (target(one["Endpoint"]), _dead_letters_of(one))
    }
    found, other = set(), []
    for name, policy in of_type(template, "AWS::SQS::QueuePolicy").items():
        covered = {target(queue) for queue in policy["Queues"]}
        for number, statement in enumerate(policy["PolicyDocument"]["Statement"]):
            topic = _only_topic(statement)
            named = {target(resource) for resource in each(statement["Resource"])}
            if topic is None or not named <= covered:
                other.append(f"{name}: statement {number} admits others, or to a queue without the policy")
            else:
                found |= {(queue, topic) for queue in named}
    # The policy is the same where no mail is sent; the queue that hears nothing then stays open to our topic.
    surplus = found - wanted - (set() if template["Conditions"]["SendsEmail"] else {("EmailQueue", "EventsTopic")})
    missing = [f"{queue} does not take from {topic}" for queue, topic in sorted(wanted - found)]
    return other + missing + [f"{queue} takes from {topic} in vain" for queue, topic in sorted(surplus)]


def _only_topic(statement: dict[str, Any]) -> str | None:
    match statement:
        case {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": str(topic)}}},
        }:
            return topic
    return None


def what_mails_come_back_is_heard(template: Template) -> list[str]:
    """The notifier's mails go by the configuration set whose bounces and complaints reach our topic."""
    destination = of_type(template, "AWS::SES::ConfigurationSetEventDestination")["EmailFeedback"]
    event = destination["EventDestination"]
    variables = functions(template)["EmailNotifier"]["Environment"]["Variables"]
    return [
        *differs("the mails' set", target(variables["CONFIGURATION_SET"]), "EmailConfigurationSet"),
        *differs("the feedback's set", target(destination["ConfigurationSetName"]), "EmailConfigurationSet"),
        *differs("feedback", (event["Enabled"], set(event["MatchingEventTypes"])), (True, FEEDBACK)),
        *differs("feedback goes", target(event["SnsDestination"]["TopicARN"]), "EmailFeedbackTopic"),
    ]


def only_ses_speaks_of_mails(template: Template) -> list[str]:
    """And of those of this AWS account: what it says blocks addresses."""
    [policy] = of_type(template, "AWS::SNS::TopicPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    conditions = {
        key.lower(): value for pairs in statement.get("Condition", {}).values() for key, value in pairs.items()
    }
    allows = (statement["Principal"], statement["Action"], target(statement["Resource"]))
    return [
        *differs("the topics", [target(one) for one in policy["Topics"]], ["EmailFeedbackTopic"]),
        *differs("who publishes", allows, ({"Service": "ses.amazonaws.com"}, "sns:Publish", "EmailFeedbackTopic")),
        *differs("whose mails", conditions.get("aws:sourceaccount"), {"Ref": "AWS::AccountId"}),
    ]


CHECKS: Final = (
    the_topics_have_their_subscribers,
    subscriptions_are_raw,
    what_sns_cannot_deliver_is_kept,
    queues_take_from_their_topics_only,
    what_mails_come_back_is_heard,
    only_ses_speaks_of_mails,
)


# ---------------------------------------------------------------- what breaks them


def drop_statement(number: int) -> Mutation:
    """A queue policy without one of its statements."""
    return lambda one: properties(one, "QueuePolicy")["PolicyDocument"]["Statement"].pop(number)


def drop_queue(number: int, logical: str) -> Mutation:
    """A statement of the queue policy that leaves one queue out."""
    return lambda one: properties(one, "QueuePolicy")["PolicyDocument"]["Statement"][number]["Resource"].remove(
        arn(logical)
    )


_STATEMENT: Final = ("QueuePolicy", "PolicyDocument", "Statement", 0)
_LAMBDA: Final[dict[str, Any]] = {"Protocol": "lambda", "Endpoint": arn("Realtime")}
_PUBLISHER: Final = ("EmailFeedbackTopicPolicy", "PolicyDocument", "Statement", 0)

BROKEN: Final[Broken] = (
    (the_topics_have_their_subscribers, setting("RealtimeSubscription", **_LAMBDA)),
    (the_topics_have_their_subscribers, setting("EmailSubscription", FilterPolicy=None)),
    (the_topics_have_their_subscribers, setting("EmailSubscription", FilterPolicyScope="MessageBody")),
    (the_topics_have_their_subscribers, without("EmailSubscription")),
    (the_topics_have_their_subscribers, lambda one: one["Conditions"].update(SendsEmail=False)),
    (subscriptions_are_raw, setting("RealtimeSubscription", RawMessageDelivery=None)),
    (what_sns_cannot_deliver_is_kept, setting("EmailFeedbackSubscription", RedrivePolicy=None)),
    (queues_take_from_their_topics_only, drop_statement(0)),
    (queues_take_from_their_topics_only, drop_statement(1)),
    (queues_take_from_their_topics_only, drop_queue(0, "FailureQueue")),
    (queues_take_from_their_topics_only, drop_queue(1, "FailureQueue")),
    (queues_take_from_their_topics_only, without("QueuePolicy")),
    (queues_take_from_their_topics_only, lambda one: properties(one, "QueuePolicy")["Queues"].pop()),
    (queues_take_from_their_topics_only, changing(*_STATEMENT, Condition=None)),
    (queues_take_from_their_topics_only, changing(*_STATEMENT, Principal="*")),
    (queues_take_from_their_topics_only, changing(*_STATEMENT, Action="sqs:*")),
    (
        queues_take_from_their_topics_only,
        lambda one: properties(one, "QueuePolicy")["PolicyDocument"]["Statement"][0]["Resource"].append(
            arn("OutboundQueue")
        ),
    ),
    (what_mails_come_back_is_heard, changing("EmailFeedback", "EventDestination", MatchingEventTypes=["bounce"])),
    (what_mails_come_back_is_heard, changing("EmailNotifier", "Environment", "Variables", CONFIGURATION_SET="other")),
    (only_ses_speaks_of_mails, changing(*_PUBLISHER, Condition=None)),
    (only_ses_speaks_of_mails, changing(*_PUBLISHER, Principal={"AWS": "*"})),
)
