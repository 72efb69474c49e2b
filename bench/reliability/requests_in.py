"""What reaches the functions from outside, as API Gateway and Lambda hand it over."""

import base64
import json
from typing import Any, Final
from urllib.parse import quote

from local.simulator.models import Inbound, Receipt
from local.simulator.payloads import PushRequest, inbound_fields, inbound_push, receipt_push

NUMBER: Final = "+61411111111"
SUBACCOUNT: Final = 100002
USER: Final = 100001
EXTENSION: Final = "101"
_NOWHERE: Final = "https://bench.invalid/"

type Event = dict[str, Any]


def text(message_id: str, *, peer: str, body: str, at: int, to: str = NUMBER) -> PushRequest:
    """ClickSend's push of a text that a handset sent (`at` in Unix ms)."""
    inbound = Inbound(
        message_id=message_id,
        at=at / 1000,
        timestamp=at // 1000,
        sender=peer,
        to=to,
        body=body,
        custom_string="",
        original_message_id="",
        original_body="",
        user_id=USER,
        subaccount_id=SUBACCOUNT,
        unread_for=[],
    )
    return inbound_push(_NOWHERE, "post", inbound_fields(inbound, 16, integers=None))


def receipt(message_id: str, *, custom_string: str, at: int) -> PushRequest:
    """ClickSend's push of the receipt 201: received on the handset."""
    found = Receipt(
        message_id=message_id,
        status_code=201,
        timestamp=at // 1000,
        timestamp_send=at // 1000,
        custom_string=custom_string,
        user_id=USER,
        subaccount_id=SUBACCOUNT,
        unread=False,
    )
    return receipt_push(_NOWHERE, found)


def webhook(push: PushRequest, token: str, kind: str) -> Event:
    """A push as `inbound_webhook` gets it; `kind` is sms or receipt."""
    return {
        "resource": f"/webhook/clicksend/{kind}/{{token}}",
        "httpMethod": push.method,
        "headers": {"Content-Type": push.content_type},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"token": token},
        "body": base64.b64encode(push.content or b"").decode(),
        "isBase64Encoded": True,
    }


def sending(key: str, *, peer: str, body: dict[str, Any]) -> Event:
    """An app's request to send a text, as `app_api` gets it."""
    parameters = {"number": quote(NUMBER, safe=""), "peer": quote(peer, safe="")}
    return of_app("POST", "/conversations/{number}/{peer}/messages", parameters=parameters, key=key, body=body)


def of_app(
    method: str,
    route: str,
    *,
    parameters: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    key: str = "",
    body: dict[str, Any] | None = None,
) -> Event:
    """A request of the extension's app, as `app_api` gets it."""
    resource = f"/api/v1{route}"
    content = b"" if body is None else json.dumps(body).encode()
    claims = {
        "sub": f"user-{EXTENSION}",
        "email": f"{EXTENSION}@example.com",
        "token_use": "id",
        "custom:account": "main",
        "custom:extension": EXTENSION,
    }
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    return {
        "resource": resource,
        "path": resource.format(**(parameters or {})),
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": parameters,
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
        "requestContext": {"requestId": "bench", "authorizer": {"claims": claims}},
    }


def connecting(connection: str, ticket: str) -> Event:
    """A WebSocket that is to be opened, as `realtime` gets it."""
    return {
        "requestContext": {"connectionId": connection, "eventType": "CONNECT", "routeKey": "$connect"},
        "queryStringParameters": {"ticket": ticket},
    }
