"""How soon a text is on the app's screen, and a reply at ClickSend: on the local stack, at several rates."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from bench.interpreters import BenchError
from bench.quotas import on_paper, read_quotas
from bench.result import Chart, Goal, Part, Table, number
from tests.stack.mobile import Mobile, sign_in
from tests.stack.office import Office
from tests.stack.running import RunningStack

RATES: Final = {1: 20.0, 5: 20.0, 20: 10.0}
"""Texts a second, and for how many seconds they come."""
QUICK: Final = {5: 4.0}
PEERS: Final = 40
AT_ONCE: Final = 64
WAIT: Final = 40.0
"""Seconds after the last text, in which what is late may still come."""
HOW: Final = """\
What `make run` starts: the template, deployed by `sam deploy` onto the emulator, the simulator, and all of it on this
machine, with what measures it. Texts are due at even distances, whoever still waits, and spread over {peers}
conversations; a time is counted from when its text was due, to the frame at an app's WebSocket, and to the simulator's
receipt of ClickSend's request. *Taken* is how many texts a second were posted, *came* how many arrived: where it is
less than the rate, the machine holds no more. *Cold* is the first text after a start, and the first reply. The
emulator's queues and streams are polled otherwise than AWS's, its functions are one process each: these are not AWS's
milliseconds, which the last table gives on paper."""
CAUSE: Final = "the emulator, its functions and the load share this machine's two cores; the table on paper is AWS's"

type Way = Callable[[int, str, str], None]


@dataclass(slots=True)
class Times:
    """When each text was due, was taken, and came (Unix seconds), by the text."""

    due: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    came: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What one run at one rate found: seconds, sorted; texts that never came; texts a second."""

    rate: int
    asked: int
    seconds: tuple[float, ...]
    taken: float
    came: float
    refused: int

    @property
    def lost(self) -> int:
        """Texts that did not arrive while somebody waited."""
        return self.asked - len(self.seconds)

    def at(self, share: float) -> float:
        """The time within which that share of all texts came; infinite where they did not."""
        place = max(0, -(-int(share * 1000) * self.asked // 1000) - 1)
        return self.seconds[place] if place < len(self.seconds) else float("inf")


def found(rate: int, times: Times) -> Found:
    """What came of a run."""
    came = {text: times.came[text] for text in times.due if text in times.came}  # those of earlier runs are no news
    seconds = tuple(sorted(moment - times.due[text] for text, moment in came.items()))
    return Found(rate, len(times.due), seconds, _pace(times.taken.values()), _pace(came.values()), len(times.refused))


def _pace(moments: Any) -> float:
    """Events a second, from the first to the last; as many as there are where they are fewer than two."""
    ordered = sorted(moments)
    spread = ordered[-1] - ordered[0] if len(ordered) > 1 else 0
    return (len(ordered) - 1) / spread if spread else float(len(ordered))


# -------------------------------------------------------------------- the load


def offered(name: str, rate: int, seconds: float, way: Way, times: Times) -> None:
    """Let texts come at even distances, whoever still waits, until all were taken or refused."""
    count = max(1, round(rate * seconds))
    begin = time.time() + 0.2

    def one(index: int) -> None:
        text = f"{name} {rate} a second, text {index:05d}"
        times.due[text] = begin + index / rate
        time.sleep(max(0.0, times.due[text] - time.time()))
        try:
            way(index, f"+6142{index % PEERS:07d}", text)
        except (httpx.HTTPError, BenchError) as error:
            times.refused.append(f"{type(error).__name__}: {error}")
        else:
            times.taken[text] = time.time()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(count)))


def awaited(times: Times, look: Callable[[], None]) -> None:
    """Look until everything that was taken has come, or `WAIT` is over."""
    deadline = time.time() + WAIT
    while time.time() < deadline:
        look()
        if times.taken.keys() <= times.came.keys():
            return
        time.sleep(0.25)


@contextmanager
def hearing(app: Mobile, times: Times) -> Iterator[None]:
    """An app that notes when it heard of each text."""

    def listen(socket: ClientConnection) -> None:
        try:
            for frame in socket:
                now, event = time.time(), json.loads(frame)
                if event.get("type") == "message.received":
                    times.came.setdefault(event["data"]["text"], now)
        except ConnectionClosed:
            return

    with app.connect() as socket:
        listening = threading.Thread(target=listen, args=(socket,), daemon=True)
        listening.start()
        yield
    listening.join(10)


# -------------------------------------------------------------------- the stack


@dataclass(slots=True)
class Site:
    """A running stack with one app."""

    office: Office
    app: Mobile

    def text_in(self, index: int, peer: str, text: str) -> None:
        """ClickSend posts a text. Raises BenchError where it is not taken."""
        status = self.office.post(self.office.values(f"BENCH-{text}-{index}", peer, text))
        if status != 200:
            raise BenchError(f"the webhook answered {status}")

    def text_out(self, _index: int, peer: str, text: str) -> None:
        """The app replies. Raises BenchError where it is not taken."""
        answer = self.app.write(peer, text)
        if answer.status_code != 202:
            raise BenchError(f"the API answered {answer.status_code}")

    def sent(self, times: Times) -> None:
        """Note when ClickSend got each text."""
        for request in self.office.clicksend("GET", "/requests")["requests"]:
            for message in request["messages"] or ():
                times.came.setdefault(message["body"], request["at"])

    def inbound(self, name: str, rate: int, seconds: float) -> Found:
        """Texts that come in, to their frames."""
        times = Times()
        with hearing(self.app, times):
            offered(name, rate, seconds, self.text_in, times)
            awaited(times, lambda: None)
        return found(rate, times)

    def outbound(self, name: str, rate: int, seconds: float) -> Found:
        """Replies, to ClickSend."""
        times = Times()
        offered(name, rate, seconds, self.text_out, times)
        awaited(times, lambda: self.sent(times))
        return found(rate, times)

    def uncap(self) -> None:
        """Let the one extension send as fast as it is asked to."""
        functions, name = self.office.aws("lambda"), self.office.function("AppApi")
        held = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        uncapped = held | {"MESSAGES_PER_MINUTE": "1000000", "SEGMENTS_PER_DAY": "1000000000"}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": uncapped})


@contextmanager
def site() -> Iterator[Site]:
    """A new stack, until the block ends."""
    many = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    with (
        tempfile.TemporaryDirectory(prefix="textension-bench-") as folder,
        RunningStack.started(Path(folder)) as stack,
        Office.of(stack) as office,
        httpx.Client(timeout=30, trust_env=False, limits=many) as http,
    ):
        office.http.close()
        office.http = http
        yield Site(office, Mobile(office.file, sign_in(http, office.file, office.file.demo.users[0]), http))


def measure(*, quick: bool, say: Callable[[str], None]) -> Part:
    """Texts in and out at each rate, after the first ones."""
    rates = QUICK if quick else RATES
    try:
        with site() as one:
            one.uncap()
            runs = {"in": [one.inbound("cold", 1, 1)], "out": [one.outbound("cold reply", 1, 1)]}
            say(f"latency: cold in {runs['in'][0].at(1):.2f} s, out {runs['out'][0].at(1):.2f} s")
            one.inbound("warm-up", 2, 3)
            one.outbound("warm-up reply", 2, 3)
            for rate, seconds in rates.items():
                runs["in"].append(one.inbound("in", rate, seconds))
                runs["out"].append(one.outbound("out", rate, seconds))
                say(f"latency: {rate}/s, p95 in {runs['in'][-1].at(0.95):.2f} s, out {runs['out'][-1].at(0.95):.2f} s")
    except AssertionError as error:  # the tests' stack says so when it does not start
        raise BenchError(f"the local stack: {error}") from error
    return part_of(runs)


# -------------------------------------------------------------------- what it found


def part_of(runs: Mapping[str, Sequence[Found]]) -> Part:
    """The part, of the runs in and out; the first of each is the cold one."""
    part = Part("latency", "Latency on the local stack", HOW.format(peers=PEERS))
    titles = {"in": "From the webhook to the WebSocket's frame", "out": "From the API to ClickSend"}
    head = [
        "",
        "texts",
        "p50, s",
        "p95, s",
        "p99, s",
        "taken, texts/s",
        "came, texts/s",
        "refused",
        "not within the wait",
    ]
    part.tables = [
        Table(titles[way], head, [_row(one, index) for index, one in enumerate(runs[way])]) for way in titles
    ]
    part.tables.append(on_paper(read_quotas()["hops"]))
    bars = [
        (f"{way}, {one.rate}/s, {name}", one.at(share))
        for way in titles
        for one in runs[way][1:]
        for name, share in (("p50", 0.5), ("p95", 0.95))
        if one.at(share) < float("inf")
    ]
    part.charts = [Chart("latency", "Webhook to frame (in), API to ClickSend (out), warm", "s", bars)]
    part.figures = {
        way: {
            ("cold" if not index else f"{one.rate}/s"): {"p50": one.at(0.5), "p95": one.at(0.95), "came": one.came}
            for index, one in enumerate(several)
            if not one.lost
        }
        for way, several in runs.items()
    }
    part.goals = [
        Goal("webhook → frame at 5 texts/s, warm, p95", "at most", 1, one.at(0.95), "s", CAUSE)
        for one in runs["in"][1:]
        if one.rate == 5
    ]
    return part


def _row(one: Found, index: int) -> list[str]:
    label = f"{one.rate}/s" if index else "cold, the first"
    spread = [_second(one.at(share)) for share in ((0.5, 0.95, 0.99) if index else (1,))]
    pace = [f"{one.taken:.1f}", f"{one.came:.1f}"] if index else ["–", "–"]
    return [label, str(one.asked), *(spread if index else [*spread, "–", "–"]), *pace, str(one.refused), str(one.lost)]


def _second(value: float) -> str:
    return f"> {WAIT:.0f}" if value == float("inf") else number(value)
