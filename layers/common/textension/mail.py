"""The e-mail copy of an inbound text: to be read, not answered.

What strangers wrote goes into headers and HTML here. Whatever it holds, it stays text: headers are single lines of
bounded length, HTML is escaped, nothing is loaded from anywhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from string import Template
from typing import Final
from urllib.parse import quote

from textension import phone
from textension.errors import Undeliverable
from textension.message import Conversation

NOTICE: Final = "This is a copy to read: answers to this mail reach nobody. To answer, open the conversation."
_POLICY: Final = SMTP.clone(cte_type="7bit")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
# They turn what follows them around, which in a subject would be our words.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LABEL: Final = 60
_PEER: Final = 40
_PREVIEW: Final = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An inbound text, as its event tells of it."""

    message_id: str
    conversation: Conversation
    text: str
    at: datetime


def is_address(address: str) -> bool:
    """Whether SES can be asked to mail there: plain ASCII, one address, no name."""
    return len(address) <= 254 and _ADDRESS.fullmatch(address) is not None


def thread_id(group: str) -> str:
    """What holds the mails of a conversation together. SES gives each mail an id of its own, so it is nobody's."""
    return f"<conversation.{group}@textension.invalid>"


def link(app_url: str, conversation: Conversation) -> str:
    """Where the app shows the conversation."""
    place = "/".join(quote(part, safe="", errors="replace") for part in (conversation.number, conversation.peer))
    return f"{app_url}#/conversations/{place}"


def compose(received: Received, *, label: str, sender: str, to: str, app_url: str, thread: str) -> bytes:
    """The mail as SES takes it: MIME in 7 bits. `thread` is a `thread_id`.

    Raises Undeliverable when an address cannot stand in a header.
    """
    if not (is_address(to) and is_address(sender)):
        raise Undeliverable("ADDRESS_MALFORMED")
    peer, number = phone.readable(received.conversation.peer), phone.readable(received.conversation.number)
    peer, label = _line(peer, _PEER), _line(label, _LABEL)
    ours = f"{label} ({number})" if label else number
    address, text = link(app_url, received.conversation), _lines(received.text)
    mail = EmailMessage(_POLICY)
    mail["From"] = Address("Textension", addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = f"Text from {peer} to {ours}"
    mail["Date"] = received.at
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_plain(text, peer, ours, address))
    mail.add_alternative(_html(text, peer, ours, address, received.at), subtype="html")
    return mail.as_bytes()


def _plain(text: str, peer: str, ours: str, address: str) -> str:
    return f"{peer} texted {ours}:\n\n{text or '(no text)'}\n\nOpen the conversation:\n{address}\n\n-- \n{NOTICE}\n"


def _html(text: str, peer: str, ours: str, address: str, at: datetime) -> str:
    return _PAGE.substitute(
        preview=escape(_line(text, _PREVIEW)),
        peer=escape(peer),
        ours=escape(ours),
        text=escape(text).replace("\n", "<br>") or '<span class="quiet">(no text)</span>',
        time=f"{at:%d %B %Y, %H:%M} {escape(at.tzname() or 'UTC')}".lstrip("0"),
        link=escape(address),
        notice=escape(NOTICE),
    )


def _line(value: str, limit: int) -> str:
    """One line of at most `limit` characters that leaves its neighbours' direction alone."""
    shown = "".join(character for character in _lines(value) if character not in _DIRECTIONS)
    line = " ".join(shown.split()).replace("=?", "= ?")  # or a mail program would decode it
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _lines(text: str) -> str:
    """The text without what a mail cannot carry: control characters, halves of surrogate pairs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if _is_foreign(character) else character for character in lines)


def _is_foreign(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t"


_PAGE: Final = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Text from $peer</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #0f1115 !important; }
  .card { background: #191c22 !important; border-color: #2a2f38 !important; }
  .strong { color: #f2f4f7 !important; }
  .quiet { color: #9aa3b0 !important; }
  .bubble { background: #262b34 !important; color: #f2f4f7 !important; }
  .button { background: #4c8dff !important; color: #0b1220 !important; }
}
@media (max-width: 480px) {
  .outer { padding: 12px !important; }
  .card { padding: 20px !important; }
  .button { display: block !important; text-align: center !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f1f3f6;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">$preview</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f1f3f6">
<tr><td class="outer" align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px"><tr>
<td class="card" style="padding:28px;background:#ffffff;border:1px solid #e2e6ec;border-radius:16px;\
font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;text-align:left">
<div class="strong" style="font-size:20px;line-height:1.3;font-weight:600;color:#12161c;\
overflow-wrap:anywhere"><bdi>$peer</bdi></div>
<div class="quiet" style="margin-top:4px;font-size:14px;line-height:1.4;color:#5b6573;\
overflow-wrap:anywhere">texted <bdi>$ours</bdi></div>
<div class="bubble" dir="auto" style="margin:20px 0 8px;padding:14px 18px;background:#eef2f7;border-radius:14px;\
font-size:17px;line-height:1.5;color:#12161c;text-align:start;overflow-wrap:anywhere;word-break:break-word">$text</div>
<div class="quiet" style="font-size:13px;line-height:1.4;color:#5b6573">$time</div>
<div style="margin:24px 0">
<a class="button" href="$link" style="display:inline-block;padding:12px 22px;background:#1f5fd6;border-radius:10px;\
font-size:16px;line-height:1.3;font-weight:600;color:#ffffff;text-decoration:none">Open the conversation</a>
</div>
<div class="quiet" style="font-size:13px;line-height:1.5;color:#5b6573">$notice</div>
</td></tr></table>
</td></tr></table>
</body>
</html>
""")
