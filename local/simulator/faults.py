"""Faults: what can go wrong between us and ClickSend, one after the other, on demand."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from .models import Plan, ReceiptStep, Strict, Wire

SEND_PATH = "/v3/sms/send"

type Mode = Literal[
    "400",
    "401",
    "403",
    "429",
    "500",
    "hang",
    "reset",
    "not_json",
    "status",
    "missing",
    "shuffled",
    "redirect",
    "huge",
    "slow",
    "receipts",
]

ALWAYS_PROCESSED = frozenset({"shuffled", "slow"})
_PROCESSED_BY_DEFAULT = ALWAYS_PROCESSED | {"missing", "huge"}
_SEND_ONLY = frozenset({"status", "missing", "shuffled", "receipts"})


class Fault(Strict):
    """One fault that waits for its turn.

    `processed` says whether the messages were really accepted before it (then receipts come). `times` is how often it
    strikes; null until it is cleared. `path` lets the modes that are not about single messages strike another endpoint.
    """

    mode: Annotated[Mode, BeforeValidator(str)]
    processed: bool = False
    times: int | None = Field(default=1, ge=1)
    path: str = SEND_PATH
    only_batches: bool = False
    numeric: bool = False
    retry_after: int = Field(default=20, ge=0)
    seconds: float = Field(default=60, ge=0)
    status: str = "INTERNAL_ERROR"
    to: str | None = None
    plan: Plan = Field(default_factory=lambda: [ReceiptStep()])

    @model_validator(mode="before")
    @classmethod
    def _by_mode(cls, raw: Wire) -> Wire:
        mode = str(raw.get("mode"))
        if mode in ALWAYS_PROCESSED and raw.get("processed") is False:
            raise ValueError(f"{mode} answers normally, so its messages are always processed")
        return {"processed": mode in _PROCESSED_BY_DEFAULT, **raw}

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.mode in _SEND_ONLY and self.path != SEND_PATH:
            raise ValueError(f"{self.mode} is about messages: it strikes {SEND_PATH} only")
        return self

    def meets(self, path: str, recipients: Sequence[str]) -> bool:
        """Whether this fault strikes a request to `path` for these recipients."""
        in_batch = len(recipients) > 1 or not self.only_batches
        return self.path == path and in_batch and (self.to is None or self.to in recipients)


class Faults:
    """The queue: each request meets the first fault that fits, each fault as often as it says."""

    def __init__(self) -> None:
        self.queue: list[Fault] = []

    def take(self, path: str, recipients: Sequence[str] = ()) -> Fault | None:
        """The fault that strikes this request, if any."""
        return self._take([f for f in self.queue if f.mode != "receipts" and f.meets(path, recipients)])

    def take_plan(self, to: str) -> list[ReceiptStep] | None:
        """The receipts that a message to `to` gets instead of the settings' plan, if any were ordered."""
        fault = self._take([f for f in self.queue if f.mode == "receipts" and f.meets(SEND_PATH, [to])])
        return fault.plan if fault else None

    def _take(self, fitting: Sequence[Fault]) -> Fault | None:
        if not fitting:
            return None
        fault = fitting[0]
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.queue.remove(fault)
        return fault
