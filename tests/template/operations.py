"""What must hold of what tells operators: alarms, dashboard, topic. One function for each rule, as in `checks`."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from textension.inbound import Taken
from textension.states import State

from tests import template_yaml
from tests.template.queues import mappings, queues
from tests.template.translated import Properties, Template, functions, of_type, target

type Check = Callable[[Template], list[str]]

OWN: Final = {"Fn::Sub": "Textension/${AWS::StackName}"}
PAGE: Final = "docs/alarms.md"
_LITERAL: Final = re.compile(r'add_metric\(\s*"(\w+)"')
_COMPUTED: Final = re.compile(r'add_metric\(\s*f"(\w+)\{')
_ENDINGS: Final = {
    "Inbound": [one.title().replace("_", "") for one in Taken],
    "Outbound": [one.title() for one in State],
}


def alarms(template: Template) -> dict[str, Properties]:
    """The alarms, by logical id."""
    return of_type(template, "AWS::CloudWatch::Alarm")


def watched(alarm: Properties) -> Iterator[Properties]:
    """The metrics of an alarm, each with Namespace, MetricName and Dimensions: one, or those of its expression."""
    if "Metrics" in alarm:
        yield from (one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one)
    else:
        yield alarm


def dimension(metric: Properties, name: str) -> str:
    """What a metric's dimension points at; empty where it has none of that name."""
    return next((target(one["Value"]) for one in metric.get("Dimensions", []) if one["Name"] == name), "")


def every_dead_letter_queue_has_an_alarm(template: Template) -> list[str]:
    """Every queue that no function reads holds what somebody must look at: one message is too many."""
    read = {target(mapping["EventSourceArn"]) for mapping in mappings(template).values()}
    seen = {
        dimension(metric, "QueueName")
        for alarm in alarms(template).values()
        for metric in watched(alarm)
        if metric["MetricName"] == "ApproximateNumberOfMessagesVisible" and alarm["Threshold"] == 1
    }
    return [f"{name} has no alarm" for name in sorted(queues(template).keys() - read - seen)]


def every_function_has_an_alarm(template: Template) -> list[str]:
    """Its errors are counted; calls that Lambda refuses are counted for all of them, since they share the limit."""
    metrics = [metric for alarm in alarms(template).values() for metric in watched(alarm)]
    errors = {dimension(one, "FunctionName") for one in metrics if one["MetricName"] == "Errors"}
    throttled = any(one["MetricName"] == "Throttles" and not one.get("Dimensions") for one in metrics)
    missing = [f"{name}'s errors have no alarm" for name in sorted(functions(template).keys() - errors)]
    return missing + ([] if throttled else ["refused calls have no alarm"])


def every_alarm_tells_somebody(template: Template) -> list[str]:
    """The operations topic hears of it, and of its end; what it means and what to do is written where it says."""
    return [
        f"{name}: {key}"
        for name, alarm in alarms(template).items()
        for key, holds in {
            "tells nobody": alarm.get("AlarmActions") == [{"Ref": "OperationsTopic"}],
            "its end is not told": alarm.get("OKActions") == [{"Ref": "OperationsTopic"}],
            "does not say what missing figures mean": "TreatMissingData" in alarm,
            "says nothing of where to read on": f" See {PAGE}#" in alarm.get("AlarmDescription", ""),
        }.items()
        if not holds
    ]


def silence_of_the_sweeper_is_an_alarm(template: Template) -> list[str]:
    """Who watches over the rest must be missed itself."""
    silent = [
        name
        for name, alarm in alarms(template).items()
        if dimension(alarm, "service") == "sweeper" and alarm.get("TreatMissingData") == "breaching"
    ]
    return [] if silent else ["nobody notices when the sweeper stops"]


def figures_are_those_that_functions_give(template: Template) -> list[str]:
    """An alarm on a metric that nobody publishes never rings."""
    metrics = [metric for alarm in alarms(template).values() for metric in watched(alarm)]
    named = [(one["MetricName"], dimension(one, "service")) for one in metrics if one["Namespace"] == OWN]
    named += [(one[1], one[3]) for one in drawn(template) if one[0] == "Textension/x"]
    given = published(template)
    return [f"{service} publishes no {name}" for name, service in named if name not in given.get(service, ())]


def published(template: Template) -> dict[str, set[str]]:
    """The names of the metrics of each function, by its service name, read in its code."""
    found = {}
    for function in functions(template).values():
        service = function["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME")
        if service is None:
            continue  # the web app's pages: it publishes nothing
        code = (template_yaml.ROOT / "functions" / service / "app.py").read_text()
        computed = {start + end for start in _COMPUTED.findall(code) for end in _ENDINGS.get(start, ())}
        found[service] = {*_LITERAL.findall(code), *computed}
    return found


def drawn(template: Template) -> list[list[Any]]:
    """The metrics on the dashboards, references put in as `x`."""
    return [metric for widget in widgets(template) for metric in widget["properties"]["metrics"]]


def widgets(template: Template) -> list[dict[str, Any]]:
    """What is on the dashboards."""
    found: list[dict[str, Any]] = []
    for dashboard in of_type(template, "AWS::CloudWatch::Dashboard").values():
        body = dashboard["DashboardBody"]
        text = body["Fn::Sub"] if isinstance(body, dict) else body
        found += json.loads(re.sub(r"\$\{[\w:.]+\}", "x", text))["widgets"]
    return found


def the_dashboard_shows_everything(template: Template) -> list[str]:
    """Every function and every queue that ought to be empty, within the 50 metrics that AWS draws for nothing."""
    text = json.dumps(of_type(template, "AWS::CloudWatch::Dashboard"))
    read = {target(mapping["EventSourceArn"]) for mapping in mappings(template).values()}
    wanted = {*functions(template), *(f"{name}.QueueName" for name in queues(template).keys() - read)}
    missing = [f"{name} is not on the dashboard" for name in sorted(wanted) if f"${{{name}}}" not in text]
    count = len(drawn(template))
    return missing + ([f"{count} metrics"] if count > 50 else [])


def sections(page: Path) -> set[str]:
    """The anchors of a page's sections, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def every_alarm_has_its_page(template: Template) -> list[str]:
    """The section that its description names is there."""
    there = sections(template_yaml.ROOT / PAGE)
    return [
        f"{name}: {PAGE} has no section {anchor}"
        for name, alarm in alarms(template).items()
        for anchor in [alarm.get("AlarmDescription", "").partition(f"{PAGE}#")[2]]
        if anchor not in there
    ]


EVERYWHERE: Final[tuple[Check, ...]] = (
    every_dead_letter_queue_has_an_alarm,
    every_function_has_an_alarm,
    every_alarm_tells_somebody,
    every_alarm_has_its_page,
    silence_of_the_sweeper_is_an_alarm,
    figures_are_those_that_functions_give,
    the_dashboard_shows_everything,
)
