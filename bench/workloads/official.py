"""ClickSend's own SDK as its quick start shows it: one call for each message."""

import time
from typing import Any

import clicksend  # type: ignore[import-not-found] # in .venv-bench only


def run(url: str, credential: list[str], texts: list[dict[str, str]]) -> dict[str, float]:
    """Send the texts; wall and CPU seconds, the first one left out."""
    configuration = clicksend.Configuration(host=url, username=credential[0], password=credential[1])
    with clicksend.ApiClient(configuration) as client:
        api = clicksend.SmsApi(client)
        _send(api, texts[0])
        wall, cpu = time.perf_counter(), time.process_time()
        for text in texts[1:]:
            _send(api, text)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "count": len(texts) - 1}


def _send(api: Any, text: dict[str, str]) -> None:
    answer = api.send_sms(send_sms_request={"messages": [text]})
    if answer.data.messages[0].status != "SUCCESS":
        raise RuntimeError(f"not taken: {answer}")
