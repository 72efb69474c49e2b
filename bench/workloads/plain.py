"""`requests` with a session, one call for each message, as one writes it by hand."""

import time

import requests


def run(url: str, credential: list[str], texts: list[dict[str, str]]) -> dict[str, float]:
    """Send the texts; wall and CPU seconds, the first one left out."""
    with requests.Session() as session:
        session.auth = (credential[0], credential[1])
        _send(session, url, texts[0])
        wall, cpu = time.perf_counter(), time.process_time()
        for text in texts[1:]:
            _send(session, url, text)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "count": len(texts) - 1}


def _send(session: requests.Session, url: str, text: dict[str, str]) -> None:
    answer = session.post(f"{url}/v3/sms/send", json={"messages": [text]}, timeout=15)
    answer.raise_for_status()
    if answer.json()["data"]["messages"][0]["status"] != "SUCCESS":
        raise RuntimeError(f"not taken: {answer.text}")
