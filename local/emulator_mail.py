"""SES in the emulator, where it is unlike SES: who may send, and what is left of a mail that was sent.

AWS asks for ses:SendEmail, with raw content also for ses:SendRawEmail, on the sender's identity and on the
configuration set, and says who the sender is (ses:FromAddress); ministack asks for ses:SendEmail on `*`, no more.
`/_ministack/ses/messages` shows subject and bodies; here each mail also has `Raw`, the whole of it.
"""

import base64
import json
from email.utils import parseaddr
from typing import Any

from ministack import app as ministack
from ministack.core.responses import get_account_id
from ministack.core.router import extract_region
from ministack.services import ses, ses_v2

SEND = "/v2/email/outbound-emails"


def apply() -> None:
    """Put everything in place; call it before ministack serves."""
    enforce, handle, show = (
        ministack._enforce_ses_v2,
        ses_v2.handle_request,
        ministack._handle_ses_messages_request,
    )

    def enforce_sends(method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str) -> Any:
        if (method, path.rstrip("/")) != ("POST", SEND) or not ministack.AUTH:
            return enforce(method, path, headers, body, query, request_id)
        return _denied(json.loads(body), headers, query, request_id)

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if (method, path.rstrip("/"), answer[0]) == ("POST", SEND, 200):
            _keep_raw(json.loads(body), json.loads(answer[2])["MessageId"])
        return answer

    async def show_messages(method: str, path: str, headers: Any, query: Any) -> Any:
        answer = await show(method, path, headers, query)
        return answer if answer is None or answer[0] != 200 else (*answer[:2], _with_raw(answer[2]))

    ministack._enforce_ses_v2 = enforce_sends
    ses_v2.handle_request = handle_request
    ministack._handle_ses_messages_request = show_messages


def _denied(mail: dict[str, Any], headers: Any, query: Any, request_id: str) -> Any:
    sender = parseaddr(mail.get("FromEmailAddress", ""))[1]
    owner = f"arn:aws:ses:{extract_region(headers, query)}:{get_account_id()}"
    resources = [f"{owner}:identity/{sender}"]
    if configuration_set := mail.get("ConfigurationSetName"):
        resources.append(f"{owner}:configuration-set/{configuration_set}")
    actions = ["ses:SendEmail", "ses:SendRawEmail"] if "Raw" in mail.get("Content", {}) else ["ses:SendEmail"]
    for action in actions:
        for resource in resources:
            denied = ministack._enforce_data_plane(
                "sesv2",
                action,
                headers,
                query,
                request_id,
                resource_arn=resource,
                service_context={"ses:FromAddress": sender},
                named_resource=resource,
            )
            if denied:
                return denied
    return None


def _keep_raw(mail: dict[str, Any], message_id: str) -> None:
    raw = mail.get("Content", {}).get("Raw", {}).get("Data")
    for record in reversed(ses._sent_emails_list()):
        if raw and record["MessageId"] == message_id:
            record["Raw"] = base64.b64decode(raw).decode("utf-8", "replace")
            return


def _with_raw(body: bytes) -> bytes:
    shown = json.loads(body)
    kept = {
        record["MessageId"]: record.get("Raw")
        for records in ses._sent_emails.to_dict().values()
        for record in (records if isinstance(records, list) else [])
    }
    for records in shown["messages"].values():
        for record in records:
            record["Raw"] = kept.get(record["MessageId"])
    return json.dumps(shown).encode()
