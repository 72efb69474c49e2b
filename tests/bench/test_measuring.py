"""Small real runs: what is measured is the built artifacts, in interpreters that have nothing else."""

import json

import pytest

from bench import sending
from bench.aws import answer_of
from bench.cold import INIT, candidates
from bench.interpreters import FUNCTIONS, WORKLOADS, BenchError, path_of, run
from bench.simulator import CREDENTIAL
from local.build import ensure_built
from local.simulator import running
from tests.build.test_layer import FUNCTIONS as IN_THE_TEMPLATE


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    ensure_built()


def test_every_function_of_the_template_is_measured() -> None:
    assert FUNCTIONS == IN_THE_TEMPLATE
    assert INIT.keys() == FUNCTIONS.keys()
    assert {one.name for one in candidates()} == {"floor", "documented", *FUNCTIONS}


def test_stages_are_measured_one_by_one() -> None:
    ran = run([], ("nothing", ""), ("work", "out = sum(range(3_000_000))"), ("more", "import sqlite3"))

    assert ran.out == 4499998500000
    assert ran.cpu("work") > ran.cpu("nothing")
    assert ran.wall() >= ran.wall("work", "more")
    assert ran.last.modules > ran.stages["work"].modules
    assert 1 < ran.last.memory < 200


def test_nothing_of_this_environment_is_on_the_path() -> None:
    with pytest.raises(BenchError, match="No module named 'moto'"):
        run(path_of("inbound_webhook"), ("import", "import moto"))


def test_the_post_alone_is_the_built_clients() -> None:
    with running(receipt_plan=[], balance=1000) as simulator:
        credential = [CREDENTIAL.username, CREDENTIAL.api_key]
        given = {"url": simulator.url, "credential": credential, "texts": sending.texts(30)}
        ran = run(
            [*path_of("outbound_sender"), WORKLOADS],
            ("send", "import ours, textension; out = ours.post_alone(url, credential, texts)"),
            ("where", "out['from'] = textension.__path__[0]"),
            given=given,
        )

    assert ran.out["count"] == 20  # the first ten are not counted
    assert "/.aws-sam/build/CommonLayer/" in ran.out["from"]


def test_the_sender_without_aws_sends_every_text() -> None:
    with running(receipt_plan=[], balance=1000) as simulator:
        secret = {
            "account": "main",
            "CLICKSEND_USERNAME": CREDENTIAL.username,
            "CLICKSEND_API_KEY": CREDENTIAL.api_key,
            "CLICKSEND_BASE_URL": simulator.url,
        }
        stub = (
            "import json, app, ours\n"
            "from textension import assemble\n"
            "from textension.aws import clients\n"
            "from types import SimpleNamespace\n"
            "clients.secretsmanager = lambda: SimpleNamespace("
            "get_secret_value=lambda SecretId, **_: {'SecretString': json.dumps(secrets[SecretId])})\n"
            "out = ours.sender(app, texts, None)"
        )
        secrets = {"nowhere": {**secret, "version": "t", "key": "k" * 64}}
        ran = run(
            [*path_of("outbound_sender"), WORKLOADS],
            ("send", stub),
            given={"texts": sending.texts(20), "secrets": secrets},
        )

    assert ran.out["count"] == 10


def test_what_stands_for_aws_answers_in_each_protocol() -> None:
    secret = json.loads(answer_of("secretsmanager", b'{"SecretId": "SIGNING"}', {"SIGNING": "text"}))
    queued = json.loads(answer_of("sqs", b'{"Entries": [{"Id": "0", "MessageBody": "x"}]}', {}))

    assert secret["SecretString"] == "text"
    assert queued["Successful"][0]["MD5OfMessageBody"] == "9dd4e461268c8034f5c8564e155c67a6"
    assert "<Failed/>" in answer_of("sns", b"Action=PublishBatch", {})
    assert answer_of("execute-api", b"frame", {}) == "{}"
