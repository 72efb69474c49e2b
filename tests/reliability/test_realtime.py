"""The parts that run in real time: what they post, how they count, and where their figures go."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from textension.aws.wire import to_wire

from bench.reliability import checker
from bench.reliability.checker import Check
from bench.reliability.load import Load, described
from bench.reliability.posting import Answer, Poster
from bench.reliability.report import Report
from tests.stack.office import Listener, Office

PAGE = """# A page
<!-- figures: written by make reliability -->
old
<!-- end of figures -->
between
<!-- kills: written by make reliability PART=kills -->
old kills
<!-- end of kills -->
after
"""


def answer_of(port: int) -> Answer:
    (answer,) = asyncio.run(Poster("127.0.0.1", port, "/hook").post_all([{"body": "a b"}], rate=100))
    return answer


async def _server(answer: bytes) -> tuple[asyncio.Server, list[bytes]]:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"body=a+b"))
        writer.write(answer)
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0), heard


@pytest.mark.parametrize(
    ("answer", "what"), [(b"HTTP/1.1 200 OK\r\n\r\n", "200"), (b"HTTP/1.1 429 Too Many\r\n\r\n", "429"), (b"", "reset")]
)
def test_a_post_is_what_it_was_answered(answer: bytes, what: str) -> None:
    async def run() -> tuple[list[Answer], list[bytes]]:
        server, heard = await _server(answer)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await Poster("127.0.0.1", port, "/hook").post_all([{"body": "a b"}], rate=100), heard

    answers, heard = asyncio.run(run())

    assert [one.what for one in answers] == [what]
    assert heard[0].startswith(b"POST /hook HTTP/1.1\r\n")


def test_nobody_listening_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])

    assert answer_of(port).what == "refused"


def test_only_what_was_answered_200_counts_for_how_soon() -> None:
    answers = [Answer("200", 0.1), Answer("200", 0.3), Answer("429", 9.0), Answer("refused", 9.0)]

    said = described(answers)

    assert said.startswith("2 × 200; 1 × 429; 1 × refused; 200 after p50 300 ms")
    assert said.endswith("max 300 ms")


def test_a_part_writes_its_own_block_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    report = Report(block="kills")
    report.row("all of it", 1, 2, Counter(attempted=3), Counter())
    report.say("A line")

    report.write(page)

    written = page.read_text(encoding="utf-8")
    assert "\nold\n" in written
    assert "old kills" not in written
    assert "| all of it | 1 | 2 | 3 | 0 |" in written
    assert "- A line\n<!-- end of kills -->\nafter\n" in written


def test_whatever_is_wrong_is_in_a_column() -> None:
    report = Report()

    report.row("one of each", 1, 2, Counter(), Counter(Check))

    columns = [int(number) for number in report.rows[0][5:]]
    assert sum(columns) == len(Check)
    assert all(columns)


def test_a_part_that_goes_on_keeps_the_rows_that_are_there(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- random: written by make reliability PART=random -->\n<!-- end of random -->\n", encoding="utf-8"
    )
    for number in (1, 2):
        report = Report(block="random")
        report.go_on(page)
        report.row(f"run {number}", number, 2, Counter(attempted=1_300), Counter())
        report.write(page)

    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| run ")]

    assert rows == [f"| run {number} | {number} | 2 | 1,300 | 0 | 0 | 0 | 0 | 0 | 0 |" for number in (1, 2)]


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n<!-- end of load -->\n", encoding="utf-8")

    with pytest.raises(ValueError, match="put <!-- load: written by make reliability PART=load --> and"):
        Report(block="load").write(page)

    assert page.read_text(encoding="utf-8") == "# A page\n<!-- end of load -->\n"


class Pretended:
    """A stack that takes every text in; `loses` are texts that it says yes to and forgets."""

    def __init__(self, *loses: str) -> None:
        self.loses = loses
        self.items: list[dict[str, Any]] = []
        self.load = Load(cast("Office", self), cast("Listener", None), cast("Poster", self))

    def values(self, message_id: str, peer: str, text: str) -> dict[str, str]:
        return {"message_id": message_id, "from": peer, "body": text}

    async def post_all(self, posts: Iterable[Mapping[str, str]], rate: float) -> list[Answer]:
        posts = list(posts)
        for post in posts:
            if post["body"] not in self.loses:
                self._store(post)
        return [Answer("200", 0.01, 1_800_000_000_000) for _ in posts]

    def _store(self, post: Mapping[str, str]) -> None:
        text, pk, place = post["body"], f"CONVERSATION#main#{post['from']}", f"MESSAGE#{post['message_id']}"
        ids = {"id": text, "text": text, "peer": post["from"], "direction": "inbound", "state": "received"}
        self.items.append({"pk": pk, "sk": place, "changed_at": 1, "journey": [{"state": "received"}], **ids})
        self.items.append({"pk": f"MESSAGE#{text}", "sk": "POINTER", "message_id": text, "message_sk": place})
        self.items.append({"pk": "CHANGES#main", "sk": text, "id": f"event {text}"})
        summary = next((one for one in self.items if one["pk"] == pk and one["sk"] == "SUMMARY"), None)
        if summary is None:
            self.items.append(summary := {"pk": pk, "sk": "SUMMARY", "unread_101": 0})
        summary["unread_101"] += 1
        self.load._hear({"id": f"event {text}", "data": {"text": text, "state": "received"}})

    def everything(self) -> list[dict[str, Any]]:
        return [to_wire(item) for item in self.items]


def test_texts_that_are_all_there_are_nothing_to_find() -> None:
    stack = Pretended()

    stack.load.post(rate=10, seconds=50)

    verdict = checker.check(stack.load, one_fault=False)
    assert stack.load.settle() < 5
    assert verdict.findings == ()
    assert verdict.counts["acknowledged"] == verdict.counts["told"] == verdict.counts["stored"] == 500


def test_a_text_that_was_answered_200_and_is_not_there_is_lost() -> None:
    stack = Pretended("load 3")

    stack.load.post(rate=10, seconds=1)

    (found,) = checker.check(stack.load, one_fault=False).findings
    assert (found.check, found.text) == (checker.Check.LOST, "load 3")
