"""API Gateway's front of the door: who posts, with what right, and what to answer.

200 once a post is durable, 403 to strangers, 503 when we cannot know, so that ClickSend tries again.
"""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble, authenticity, config
from textension.clicksend.pushes import Kind, RawPush, fields
from textension.errors import ConfigurationError, Refused, Unavailable, Unreadable
from textension.inbound import Outcome

logger = Logger()
metrics = Metrics()

type Response = dict[str, Any]


@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> Response:
    """One post of ClickSend's, as a REST API's proxy event; or a quarantined one, for `app_api`."""
    if "replay" in event:
        return _replay(**event["replay"])
    try:
        outcome = _take(event)
    except Refused as refused:
        logger.warning("refused", reason=str(refused))
        if _token(event) == authenticity.PROBE:
            metrics.add_metric("InboundProbed", MetricUnit.Count, 1)
        else:
            metrics.add_metric("InboundRefused", MetricUnit.Count, 1)
        return _response(403, "forbidden")
    except (Unavailable, ConfigurationError) as error:
        logger.exception("unavailable", reason=str(error))
        metrics.add_metric("InboundUnavailable", MetricUnit.Count, 1)
        return _response(503, "try again", {"Retry-After": "10"})
    logger.info(outcome.taken, extra={"id": outcome.id, "reason": outcome.reason})
    metrics.add_metric(f"Inbound{outcome.taken.title().replace('_', '')}", MetricUnit.Count, 1)
    return _response(200, "ok")


def _take(event: dict[str, Any]) -> Outcome:
    raw = _raw(event)
    token = _token(event)
    secret = assemble.webhook_secret()
    if token is None:
        if config.webhook().REQUIRE_WEBHOOK_TOKEN:
            raise Refused("token_missing")
        poster = authenticity.by_subaccount(secret.accounts(), _subaccount_id(raw, strict=True))
        return assemble.door().take(raw, poster, bare=True)
    opened = authenticity.by_token(secret.accounts(), token)
    if opened is None or _subaccount_id(raw) not in opened.subaccount_ids:  # perhaps allowed just now
        opened = authenticity.by_token(secret.accounts(again=True), token)
    if opened is None:
        raise Refused("token_unknown")
    return assemble.door().take(raw, opened)


def _token(event: dict[str, Any]) -> str | None:
    """The token in the path; None at the bare address."""
    token: str | None = (event.get("pathParameters") or {}).get("token")
    return token


def _replay(account: str, post_id: str) -> dict[str, Any]:
    """What became of a quarantined post; errors reach the caller as they are. Only IAM lets anybody ask for this."""
    post = assemble.door().quarantine.get(account, post_id)
    if post is None:
        return {"outcome": None}
    poster = next((one for one in assemble.webhook_secret().accounts(again=True) if one.account == account), None)
    if poster is None:
        raise ConfigurationError(f"the webhook secret has no entry whose account is {account}: add one")
    outcome = assemble.door().replay(post, poster)
    logger.info("replayed", extra={"id": outcome.id, "outcome": outcome.taken, "reason": outcome.reason})
    metrics.add_metric("InboundReplayed", MetricUnit.Count, 1)
    return {"outcome": outcome.taken, "id": outcome.id, "reason": outcome.reason}


def _raw(event: dict[str, Any]) -> RawPush:
    kind: Kind = "receipt" if "/receipt" in event["resource"] else "sms"
    if event["httpMethod"] == "GET":
        pairs = event.get("multiValueQueryStringParameters") or {}
        return RawPush(
            kind, urlencode(pairs, doseq=True, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"
        )
    body = event.get("body") or ""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    return RawPush(kind, content, headers.get("content-type") or "")


def _subaccount_id(raw: RawPush, *, strict: bool = False) -> str:
    """The subaccount that a post names; empty where it cannot be read. `strict` raises Refused for that."""
    try:
        return str(fields(raw).get("subaccount_id") or "").strip()
    except Unreadable as error:
        if strict:
            raise Refused("unreadable_without_token") from error
        return ""


def _response(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": json.dumps({"message": message}),
    }
