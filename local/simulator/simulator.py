"""The simulator itself: texts from handsets become pushes, accepted messages become receipts."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .faults import Faults
from .models import Credential, Inbound, InboundOrder, Outbound, Receipt, ReceiptStep, Settings, Wire
from .payloads import inbound_fields, inbound_push, receipt_push
from .pushes import Push, Pusher
from .recipients import TEST_NUMBERS
from .rules import rules_for_receipt, rules_for_text
from .state import Snapshot, State
from .store import keep_saved, load, save

MOST_REQUESTS = 200


@dataclass(slots=True)
class SendRequest:
    """One HTTP request to the send endpoint, for those who want to see what arrived."""

    at: float
    username: str | None
    user_agent: str | None
    messages: object = None
    http_status: int | None = None
    processed: bool = False
    fault: str | None = None


@dataclass(slots=True)
class Simulator:
    """Its state, its faults and its work in the background. Made on the event loop that it runs on."""

    state: State
    defaults: Settings
    state_file: Path | None = None
    faults: Faults = field(default_factory=Faults)
    requests: deque[SendRequest] = field(default_factory=lambda: deque(maxlen=MOST_REQUESTS))
    request_count: int = 0
    pusher: Pusher = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _saver: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.pusher = Pusher(lambda: self.state.settings)

    @classmethod
    def started(cls, credentials: Sequence[Credential], state_file: Path | None, given: Wire) -> Self:
        """Start from the state file, if there is one. `given` settings win over the file's."""
        snapshot = load(state_file) or Snapshot()
        defaults = Settings.model_validate(given)
        chosen = {name: getattr(defaults, name) for name in given}
        snapshot.settings = snapshot.settings.model_copy(update=chosen)
        simulator = cls(State(credentials, snapshot), defaults, state_file)
        if state_file:
            simulator._saver = asyncio.create_task(keep_saved(simulator.state, state_file))
        return simulator

    async def stop(self) -> None:
        """End all that runs and save one last time."""
        await self._cancel_receipts()
        await self.pusher.close()
        if self._saver and self.state_file:
            self._saver.cancel()
            with suppress(asyncio.CancelledError):
                await self._saver
            save(self.state_file, self.state.snapshot().model_dump_json())

    async def reset(self, *, everything: bool) -> None:
        """Forget texts, faults and pushes; rules and settings too when `everything` is to go."""
        await self._cancel_receipts()
        await self.pusher.clear()
        self.faults.queue.clear()
        self.requests.clear()
        self.request_count = 0
        self.state.forget_texts()
        if everything:
            self.state.forget_rules()
            self.state.settings = self.defaults.model_copy(deep=True)

    def log_send(self, username: str | None, user_agent: str | None) -> SendRequest:
        """Count a request to the send endpoint, whatever becomes of it."""
        self.request_count += 1
        entry = SendRequest(time.time(), username, user_agent)
        self.requests.append(entry)
        return entry

    def send_from_handset(self, order: InboundOrder) -> tuple[Inbound, list[Push]]:
        """A handset texts a business number: one push for every URL rule that fires, `copies` times."""
        text = self.state.add_inbound(order)
        settings = self.state.settings
        profile = order.profile or settings.inbound_profile
        integers = settings.integers if order.integers is None else order.integers
        fields = inbound_fields(text, profile, integers=integers)
        fired = rules_for_text(self.state.inbound_rules.values(), text.to, text.body)
        requests = [
            inbound_push(rule.action_address or "", order.webhook_type or rule.webhook_type, fields)
            for rule in fired
            if rule.action == "URL"
        ]
        pushes = [Push("inbound", text.message_id, request) for request in requests for _ in range(order.copies)]
        text.pushed = len(pushes)
        return text, [self.pusher.start(push) for push in pushes]

    def plan_for(self, message: Outbound) -> list[ReceiptStep]:
        """The receipts that an accepted message is to get."""
        settings = self.state.settings
        ordered = self.faults.take_plan(message.to)
        if message.to in TEST_NUMBERS and not settings.receipts_for_test_numbers:
            return []
        return settings.receipt_plan if ordered is None else ordered

    async def report_before_answer(self, planned: Iterable[tuple[Outbound, list[ReceiptStep]]]) -> None:
        """Push those receipts that are to overtake the answer to the send, and wait until each was tried once."""
        early = [(message, step) for message, plan in planned for step in plan if step.before_answer]
        await asyncio.gather(*(self._report(message, step, wait=step.delay or 0) for message, step in early))

    def report_later(self, message: Outbound, plan: Sequence[ReceiptStep]) -> None:
        """Push the other receipts in the background, each after the one before was tried."""
        steps = [step for step in plan if not step.before_answer]
        if steps:
            self._begin(self._report_in_order(message, steps))

    async def _report_in_order(self, message: Outbound, steps: Sequence[ReceiptStep]) -> None:
        await asyncio.sleep(max(0.0, message.schedule - time.time()))
        for step in steps:
            wait = self.state.settings.receipt_delay_seconds if step.delay is None else step.delay
            await self._report(message, step, wait=wait)

    async def _report(self, message: Outbound, step: ReceiptStep, *, wait: float) -> None:
        await asyncio.sleep(wait)
        rules = self.state.receipt_rules.values()
        receipt = Receipt(
            message_id=message.message_id,
            status_code=step.status_code,
            timestamp=int(time.time()),
            timestamp_send=message.date,
            custom_string={"echo": message.custom_string, "empty": "", "absent": None}[step.custom_string],
            user_id=message.user_id,
            subaccount_id=message.subaccount_id,
            unread=bool(rules_for_receipt(rules, step.status_code, "POLL")),
        )
        self.state.add_receipt(receipt)
        requests = [
            receipt_push(rule.action_address or "", receipt)
            for rule in rules_for_receipt(rules, step.status_code, "URL")
            for _ in range(step.copies)
        ]
        pushes = [self.pusher.start(Push("receipt", message.message_id, request)) for request in requests]
        await asyncio.gather(*(push.tried.wait() for push in pushes))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel_receipts(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
