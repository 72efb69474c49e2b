"""The AWS of what is measured: a real engine for the table, prompt answers for everything around it.

The table is Amazon's DynamoDB Local where Java and npm are there: it computes consumed capacity as DynamoDB does.
Elsewhere it is moto, whose capacity is no measure; then none is reported.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import boto3
from moto import mock_aws

from bench.dynamodb_local import available, serving
from local.config import REGION
from tests import template_yaml
from tests.build.bridge import over_http

_SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/")
_PUBLISHED: Final = (
    '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Failed/><Successful/>'
    "</PublishBatchResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishBatchResponse>"
)


@dataclass(frozen=True, slots=True)
class Aws:
    """Where AWS answers, and what counts there."""

    url: str
    table_url: str
    engine: str
    """Which engine holds the table."""
    counts_capacity: bool
    secrets: dict[str, str]
    """The secrets' texts, by name; whoever measures may put others there."""

    def environment(self, table: str) -> dict[str, str]:
        """What a function's environment says of AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.table_url,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.table_url,
            "TABLE_NAME": table,
            "OUTBOUND_QUEUE_URL": f"{self.url}/123456789012/outbound.fifo",
            **{f"{name}_SECRET_ARN": name for name in ("CREDENTIALS", "WEBHOOK", "SIGNING", "PUSH")},
        }

    def make_table(self, name: str) -> None:
        """A table of the template's own properties."""
        session: Any = boto3.Session("test", "test", region_name=REGION)
        session.client("dynamodb", endpoint_url=self.table_url).create_table(**template_yaml.table_properties(name))


@contextmanager
def aws() -> Iterator[Aws]:
    """An AWS on this machine, until the block ends."""
    with ExitStack() as stack:
        if available():
            table_url, engine, counts = stack.enter_context(serving()), "Amazon's DynamoDB Local", True
        else:
            stack.enter_context(mock_aws())
            table_url, engine, counts = stack.enter_context(over_http()), "moto", False
        secrets = _secrets()
        url = stack.enter_context(_answering(secrets))
        yield Aws(url, table_url, engine, counts, secrets)


def _secrets() -> dict[str, str]:
    return {
        logical.removesuffix("Secret").upper(): template_yaml.secret_text(logical)
        for logical in ("CredentialsSecret", "WebhookSecret", "SigningSecret", "PushSecret")
    }


@contextmanager
def _answering(secrets: Mapping[str, str]) -> Iterator[str]:
    """Secrets Manager, SNS, SQS and `@connections`, which say yes at once."""

    class Answerer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet: in two, the second would wait 40 ms for an acknowledgement
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            scope = _SERVICE.search(self.headers["Authorization"] or "")
            answer = answer_of(scope["service"] if scope else "", body, secrets).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answerer) as server:
        thread = threading.Thread(target=server.serve_forever, name="answerer", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=5)


def answer_of(service: str, body: bytes, secrets: Mapping[str, str]) -> str:
    """What a service says to a request, in its protocol."""
    match service:
        case "secretsmanager":
            name = json.loads(body)["SecretId"]
            return json.dumps({"ARN": name, "Name": name, "VersionId": "1", "SecretString": secrets[name]})
        case "sns":
            return _PUBLISHED
        case "sqs":
            taken = [
                {"Id": one["Id"], "MessageId": "1", "MD5OfMessageBody": _md5(one["MessageBody"])}
                for one in json.loads(body)["Entries"]
            ]
            return json.dumps({"Successful": taken, "Failed": []})
    return "{}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
