"""The bodies of the admins' requests and answers."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from textension.api.models import E164, Answer, Cursor, MessageId, Request, Time, Trimmed
from textension.message import NumberSettings

MOST_EXTENSIONS = 45
"""A number and its listings change in one transaction, of at most 100 writes, old listings and new."""

type Extension = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$", examples=["101"])]
type Email = Annotated[
    str,
    Field(pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=200, examples=["sales@example.com"]),
]
Label = Annotated[Trimmed, Field(max_length=80, examples=["Sales"])]
type Extensions = Annotated[list[Extension], Field(min_length=1, max_length=MOST_EXTENSIONS)]
type Emails = Annotated[list[Email], Field(max_length=20)]


class AdminNumber(Answer):
    """A number's settings."""

    number: E164
    label: Annotated[str, Field(examples=["Sales"])]
    enabled: bool
    extensions: Annotated[list[str], Field(examples=[["101", "102"]])]
    emails: Annotated[list[str], Field(examples=[["sales@example.com"]])]

    @classmethod
    def of(cls, settings: NumberSettings) -> "AdminNumber":
        """As the admin sees it."""
        return cls(
            number=settings.number,
            label=settings.label,
            enabled=settings.enabled,
            extensions=list(settings.extensions),
            emails=list(settings.emails),
        )


class AdminNumbers(Answer):
    """A page, in order; with `q` it may be short."""

    items: list[AdminNumber]
    next: Cursor


class NumberPut(Request):
    """All of a number's settings."""

    extensions: Extensions
    emails: Emails = Field(default_factory=list)
    label: Label = ""
    enabled: Annotated[
        StrictBool, Field(description="A disabled number keeps its texts, tells nobody and sends nothing.")
    ] = True


class NumberChanges(Request):
    """What is to change; what is left out stays."""

    extensions: Extensions | None = None
    emails: Emails | None = None
    label: Label | None = None
    enabled: StrictBool | None = None


class BulkChange(Request):
    """The same changes for several numbers."""

    numbers: Annotated[list[E164], Field(min_length=1, max_length=100)]
    changes: NumberChanges


class BulkItem(Answer):
    """What became of one number."""

    number: E164
    done: bool
    code: Annotated[str | None, Field(description="Why not.", examples=["not_found"])]


class BulkResult(Answer):
    """What became of each."""

    items: list[BulkItem]


class QuarantinedPost(Answer):
    """A post of ClickSend's that could not be taken in."""

    id: Annotated[str, Field(description="The SHA-256 of its body.", examples=["0" * 64])]
    at: Time
    reason: Annotated[str, Field(examples=["number_unknown"])]
    kind: Literal["sms", "receipt"]
    content_type: Annotated[str, Field(examples=["application/x-www-form-urlencoded"])]
    size: int
    whole: Annotated[bool, Field(description="Whether all of it was kept: the first 64 KB are.")]
    body: Annotated[
        str,
        Field(
            description="As it came; bytes that are no UTF-8 are escaped.", examples=["from=%2B61422222222&body=hello"]
        ),
    ]


class Quarantine(Answer):
    """A page, in the order of ids."""

    items: list[QuarantinedPost]
    next: Cursor


class Replayed(Answer):
    """What became of a quarantined post: `quarantined` is back where it was, with the reason."""

    outcome: Literal["stored", "seen", "receipt", "stray_receipt", "quarantined"]
    id: Annotated[MessageId, Field(description="Of the message, the receipt or the post.")]
    reason: Annotated[str | None, Field(examples=["number_unknown"])]


class Check(Answer):
    """One thing that can be wrong."""

    name: Annotated[str, Field(examples=["oldest_due"])]
    status: Literal["ok", "warn", "wrong"]
    summary: Annotated[
        str, Field(description="In words: what is, and what to do.", examples=["Nothing that is due is left undone."])
    ]


class Health(Answer):
    """What is wrong now: the worst of the checks, and all of them."""

    status: Literal["ok", "warn", "wrong"]
    checks: list[Check]


class Erased(Answer):
    """What was erased of a peer. Where it is not `complete`, ask again."""

    complete: bool
    conversations: int
    messages: int
    changes: int
    quarantined: int
    contact: bool
    kept: Annotated[
        list[str],
        Field(description="What stays, and where nothing can be erased.", examples=[["ClickSend's own records"]]),
    ]
