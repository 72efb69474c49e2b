"""More texts at once than the stack takes in: what is answered 200 is there, once, and told; others are turned away."""

import asyncio
from collections import Counter

import pytest

from bench.reliability.load import REFUSED_WELL
from bench.reliability.posting import Poster
from tests.stack.office import Office, eventually

pytestmark = pytest.mark.stack
TEXTS = 180
RATE = 80.0


def test_in_a_flood_all_that_is_answered_200_is_stored_once_and_told(office: Office) -> None:
    texts = [f"flood {number:03d}" for number in range(TEXTS)]
    posts = (office.values(text.upper(), f"+614222390{text[-2:]}", text) for text in texts)
    poster = Poster.of(office.file.api_url, office.file.demo.webhook_token)

    with office.listening({"type": ["message.received"]}) as listener:
        answers = asyncio.run(poster.post_all(posts, RATE))
        taken = {text for text, answer in zip(texts, answers, strict=True) if answer.what == "200"}
        eventually(lambda: taken <= set(listener.texts()), within=90, what="every text told")

    assert {answer.what for answer in answers} <= REFUSED_WELL | {"200"}
    assert len(taken) > RATE
    stored = Counter(item["text"]["S"] for item in office.everything() if "direction" in item)
    assert {text: stored[text] for text in taken} == dict.fromkeys(taken, 1)
