"""The simulator's web application: which address leads to which endpoint."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from . import control
from . import endpoints_account as account
from . import endpoints_sms as sms
from .api import endpoint
from .connections import Connections
from .control import controlled
from .envelope import METHOD_NOT_ALLOWED, Answer, not_found
from .faults import SEND_PATH
from .mishaps import respond
from .models import Credential, Wire
from .simulator import Simulator

_INBOUND_RULES = "/v3/automations/sms/inbound"
_RECEIPT_RULES = "/v3/automations/sms/receipts"

API = {
    ("POST", SEND_PATH): sms.send,
    ("GET", "/v3/sms/history"): sms.history,
    ("GET", "/v3/sms/inbound"): sms.pull_inbound,
    ("POST", "/v3/sms/inbound"): sms.push_test_inbound,
    ("GET", "/v3/sms/inbound/{message_id}"): sms.pull_reply,
    ("PUT", "/v3/sms/inbound-read"): sms.read_inbound,
    ("PUT", "/v3/sms/inbound-read/{message_id}"): sms.read_one_inbound,
    ("GET", "/v3/sms/receipts"): sms.pull_receipts,
    ("POST", "/v3/sms/receipts"): sms.push_test_receipt,
    ("GET", "/v3/sms/receipts/{message_id}"): sms.pull_receipt,
    ("PUT", "/v3/sms/receipts-read"): sms.read_receipts,
    ("GET", _INBOUND_RULES): account.list_inbound_rules,
    ("POST", _INBOUND_RULES): account.create_inbound_rule,
    ("GET", f"{_INBOUND_RULES}/{{rule_id:int}}"): account.get_inbound_rule,
    ("PUT", f"{_INBOUND_RULES}/{{rule_id:int}}"): account.update_inbound_rule,
    ("DELETE", f"{_INBOUND_RULES}/{{rule_id:int}}"): account.delete_inbound_rule,
    ("GET", _RECEIPT_RULES): account.list_receipt_rules,
    ("POST", _RECEIPT_RULES): account.create_receipt_rule,
    ("GET", f"{_RECEIPT_RULES}/{{rule_id:int}}"): account.get_receipt_rule,
    ("PUT", f"{_RECEIPT_RULES}/{{rule_id:int}}"): account.update_receipt_rule,
    ("DELETE", f"{_RECEIPT_RULES}/{{rule_id:int}}"): account.delete_receipt_rule,
    ("GET", "/v3/account"): account.account,
    ("GET", "/v3/subaccounts"): account.subaccounts,
    ("PUT", "/v3/subaccounts/{subaccount_id:int}/regen-api-key"): account.regenerate_key,
    ("GET", "/v3/numbers"): account.numbers,
}
CONTROL = {
    ("GET", "/simulator/health"): control.health,
    ("POST", "/simulator/inbound"): control.inbound,
    ("GET", "/simulator/inbound"): control.received,
    ("GET", "/simulator/sent"): control.sent,
    ("GET", "/simulator/requests"): control.requests,
    ("GET", "/simulator/pushes"): control.pushes,
    ("POST", "/simulator/faults"): control.add_fault,
    ("GET", "/simulator/faults"): control.list_faults,
    ("DELETE", "/simulator/faults"): control.clear_faults,
    ("GET", "/simulator/settings"): control.show_settings,
    ("PUT", "/simulator/settings"): control.change_settings,
    ("POST", "/simulator/reset"): control.reset,
    ("GET", "/simulator/numbers"): control.numbers,
    ("PUT", "/simulator/numbers"): control.change_numbers,
    ("GET", "/simulator/conversation"): control.conversation,
}


def create_app(credentials: Sequence[Credential], state_file: Path | None, settings: Wire) -> Starlette:
    """The application; its simulator begins and ends with the server's lifespan."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.simulator = Simulator.started(credentials, state_file, settings)
        yield
        await app.state.simulator.stop()

    routes = [Route(path, endpoint(handle), methods=[method]) for (method, path), handle in API.items()]
    routes += [Route(path, controlled(handle), methods=[method]) for (method, path), handle in CONTROL.items()]
    routes.append(Route("/", page, methods=["GET"]))
    # A foreign web page can reach loopback through a name of its own (DNS rebinding); such a Host is refused.
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "*.localhost"])
    app = Starlette(
        routes=routes, middleware=[only_here], exception_handlers={HTTPException: no_route}, lifespan=lifespan
    )
    connections: Connections = {}
    app.state.connections = connections
    return app


async def no_route(_: Request, problem: Exception) -> Response:
    """Unknown addresses and methods are answered in the envelope too."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    answers: dict[int, Answer] = {404: not_found(), 405: METHOD_NOT_ALLOWED}
    return respond(answers.get(status) or Answer(status, "BAD_REQUEST", "Bad request."))


async def page(_: Request) -> Response:
    """The handset page. Its policy allows its own two inline blocks, by hash, and calls to this address."""
    html = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    policy = f"default-src 'none'; connect-src 'self'; img-src data:; style-src {_hash_of('style', html)}; "
    policy += f"script-src {_hash_of('script', html)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return HTMLResponse(html, headers=headers)


def _hash_of(tag: str, html: str) -> str:
    block = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digest = hashlib.sha256((block[1] if block else "").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
