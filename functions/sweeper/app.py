"""Each minute what is due is done; now and then ClickSend is asked how accounts stand, and what did not reach us."""

from collections import Counter
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble
from textension.account_check import UNUSABLE, Standing
from textension.clock import SECOND
from textension.errors import ConfigurationError, Unavailable
from textension.inbound import Taken

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """One sweep, and the looks at ClickSend in what is left of the time; counts by what the sweep has done.

    What is out of reach is there in the next minute or later: nothing of that ends in the failure queue.
    """
    done = _sweep(context)
    _look_at_clicksend(context)
    _catch_up(context)
    return dict(done)


def _sweep(context: LambdaContext) -> Counter[str]:
    try:
        swept = assemble.sweep().run(remaining=context.get_remaining_time_in_millis)
    except (Unavailable, ConfigurationError):
        logger.exception("not swept")  # and no OldestDueSeconds: the alarm takes silence for trouble
        metrics.add_metric("SweepFailed", MetricUnit.Count, 1)
        return Counter()
    metrics.add_metric("OldestDueSeconds", MetricUnit.Seconds, swept.oldest_age // SECOND)
    metrics.add_metric("Swept", MetricUnit.Count, swept.done.total())
    for what, count in swept.done.items():
        metrics.add_metric(f"Swept{what.title().replace('_', '')}", MetricUnit.Count, count)
    if swept.done:
        logger.info("swept", extra=dict(swept.done))
    return swept.done


def _look_at_clicksend(context: LambdaContext) -> None:
    try:
        looks = assemble.account_check().run(remaining=context.get_remaining_time_in_millis)
    except (Unavailable, ConfigurationError):
        logger.exception("clicksend not looked at")
        metrics.add_metric("ClickSendCheckFailed", MetricUnit.Count, 1)
        return
    for look in looks:
        if not look.trouble:
            metrics.add_metric("ClickSendChecked", MetricUnit.Count, 1)
        elif look.trouble == UNUSABLE:
            logger.info("no credentials yet", account=look.account)
        else:
            logger.warning("clicksend not checked", account=look.account, reason=look.trouble)
            metrics.add_metric("ClickSendCheckFailed", MetricUnit.Count, 1)
        if look.standing:
            _publish(look.account, look.standing)


def _publish(account: str, standing: Standing) -> None:
    """How an account stands, for alarms. One metric for all accounts: the lowest balance of them is what rings."""
    metrics.add_metric("ClickSendAccountUnusable", MetricUnit.Count, 0 if standing.usable else 1)
    if standing.balance is None:
        logger.warning("clicksend balance unreadable", account=account)
    else:
        metrics.add_metric("ClickSendBalance", MetricUnit.NoUnit, float(standing.balance))
    if standing.state != "active":
        logger.warning("clicksend account not in order", account=account, reason=standing.state.upper())


def _catch_up(context: LambdaContext) -> None:
    try:
        looks = assemble.catch_up().run(remaining=context.get_remaining_time_in_millis)
    except (Unavailable, ConfigurationError):
        logger.exception("not caught up")
        metrics.add_metric("CatchUpFailed", MetricUnit.Count, 1)
        return
    for look in looks:
        if look.trouble:
            logger.warning("not caught up", account=look.account, reason=look.trouble)
            metrics.add_metric("CatchUpFailed", MetricUnit.Count, 1)
        new = {what: count for what, count in look.done.items() if what != Taken.SEEN}
        if new:
            logger.info("caught up", account=look.account, extra=new)
        metrics.add_metric("CaughtUp", MetricUnit.Count, look.done[Taken.STORED])
