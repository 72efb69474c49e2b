"""Operators on the running stack: what was given up goes back to work, what happens is seen, alarms are there."""

import json
import subprocess
import sys
import time
from functools import partial

import pytest

from tests import documents
from tests.stack.office import NUMBER, ROOT, Office, eventually

pytestmark = pytest.mark.stack


def test_doorbells_that_were_given_up_are_sent_once_however_often_they_are_redriven(office: Office) -> None:
    sqs = office.aws("sqs")
    dead = office.file.outputs["OutboundDeadLetterQueueUrl"]
    office.clicksend("POST", "/faults", mode="receipts", plan=[])

    def arrived(message_id: str) -> bool:
        return office.state(message_id) in {"sent", "delivered"}

    peers = [f"+1202555012{number}" for number in range(5)]
    sent = [office.send(peer, f"given up {peer}") for peer in peers]
    for message_id in sent:
        eventually(partial(arrived, message_id), within=30, what="sent")
    for message_id in sent:  # what a doorbell is that rang five times in vain
        sqs.send_message(
            QueueUrl=dead,
            MessageBody=json.dumps({"message_id": message_id, "attempt": 1}),
            MessageGroupId=message_id,
            MessageDeduplicationId=f"{message_id}:1",
        )

    first = office.cli("dlq", "redrive", "outbound", "--yes")
    second = office.cli("dlq", "redrive", "outbound", "--yes")

    assert (first, second) == ({"outbound": {"sent_back": 5}}, {"outbound": {}})
    queue = office.file.outputs["OutboundQueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting() -> int:
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    eventually(lambda: waiting() == 0, within=30, what="every doorbell read")
    assert [len(office.arrivals(f"given up {peer}")) for peer in peers] == [1] * 5
    assert all(one["messages"] == 0 for one in office.cli("dlq", "list") if one["name"] == "outbound")


def test_an_event_that_a_queue_did_not_get_reaches_the_subscribers_again(office: Office) -> None:
    sqs = office.aws("sqs")
    with office.listening() as listener:
        assert office.post(office.values("REDRIVE-1", "+12025550131", "told again")) == 200
        eventually(lambda: "told again" in listener.texts(), within=20, what="the event")
        [event] = [one for one in listener.heard if one["data"].get("text") == "told again"]
        sqs.send_message(QueueUrl=office.file.outputs["FailureQueueUrl"], MessageBody=json.dumps(event))

        assert office.cli("dlq", "redrive", "failure", "--yes")["failure"] == {"sent_back": 1}

        eventually(lambda: listener.texts().count("told again") == 2, within=20, what="the event again")
        assert [one["id"] for one in listener.heard].count(event["id"]) == 2
    assert office.texts("+12025550131") == ["told again"]


def test_texts_are_followed_live(office: Office) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TEXTENSION_STATE_DIR": str(office.state_dir),
        "PYTHONPATH": f"{ROOT}/layers/common:{ROOT}/cli",
    }
    command = [sys.executable, "-m", "textension_cli", "messages", "follow", "--json", "--for", "15"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as following:
        time.sleep(3)
        assert office.post(office.values("FOLLOW-1", "+12025550132", "seen live")) == 200
        printed, _ = following.communicate(timeout=60)

    events = [json.loads(line) for line in printed.splitlines()]
    assert [one["type"] for one in events if one["data"].get("text") == "seen live"] == ["message.received"]
    assert following.returncode == 0


def test_usage_counts_what_was_said(office: Office) -> None:
    assert office.post(office.values("USAGE-1", "+12025550133", "counted")) == 200

    [line] = [one for one in office.cli("usage")["lines"] if one["number"] == NUMBER]
    assert line["received"] >= 1


def test_alarms_and_dashboard_are_deployed(office: Office) -> None:
    alarms = office.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    topic = office.file.outputs["OperationsTopicArn"]

    ours = [one for one in alarms if topic in one["AlarmActions"]]
    assert len(ours) >= 13
    assert any(one["AlarmName"].find("OldestDue") >= 0 for one in ours)
    [dashboard] = office.aws("cloudwatch").list_dashboards()["DashboardEntries"]
    body = office.aws("cloudwatch").get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    assert len(json.loads(body)["widgets"]) == 9


def test_the_docs_commands_run_as_they_stand(office: Office) -> None:
    for command in [command for block in documents.blocks("sh") if block.runs for command in block.commands]:
        assert command[0] == "textension"
        office.cli(*command[1:])
