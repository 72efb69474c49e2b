"""Pushes: sealed for one browser, signed, to known services only; and what becomes of those that are not taken."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from textension import assemble, events
from textension.aws import clients
from textension.aws.push_subscriptions import PushSubscription, PushSubscriptions
from textension.aws.secrets import REREAD_AFTER, put_push_keys
from textension.clock import HOUR, MINUTE, SECOND, now_ms
from textension.errors import ConfigurationError, Undeliverable
from textension.message import Message
from textension.push import base64url, encryption, services
from textension.push.client import Outcome, Posted, PushClient
from textension.push.keys import PushKeys
from textension.push.pushes import ENOUGH, LONGEST_TEXT, Received
from textension.push.vapid import LIFE, Vapid, new_keys

from tests.browser import HOST, Browser, Service, claims, divert, https_service
from tests.conftest import NUMBER, PEER, Backend, Context, load_function
from tests.unit.test_inbound import post, push, stored

KEYS = new_keys("mailto:ops@example.com")


# ---------------------------------------------------------------- sealing


def test_the_example_of_rfc_8291_comes_out_to_the_byte() -> None:
    key = ec.derive_private_key(
        int.from_bytes(base64url.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), ec.SECP256R1()
    )

    body = encryption.sealed_with(
        key,
        base64url.decode("DGv6ra1nlYgDCS1FRnbzlw"),
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        padded=0,
    )

    assert base64url.encode(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
        "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("text", [b"", b"x", b"\x02\x02", b"a" * 511, b"a" * 512, b"a" * 900])
def test_a_browser_opens_what_was_sealed_for_it(text: bytes) -> None:
    browser = Browser()

    body = encryption.seal(text, p256dh=browser.p256dh, auth=base64url.encode(browser.auth))

    assert browser.opened(body) == text
    with pytest.raises(InvalidTag):
        Browser().opened(body)


def test_lengths_tell_nothing_and_no_two_pushes_are_alike() -> None:
    browser = Browser()
    sealed = [
        encryption.seal(b"x" * size, p256dh=browser.p256dh, auth=base64url.encode(browser.auth))
        for size in (1, 1, 100, 511)
    ]

    assert len({len(one) for one in sealed}) == 1
    assert len({one[:86] for one in sealed}) == 4


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (base64url.encode(b"\x04" + b"\x01" * 64), base64url.encode(b"a" * 16)),
        (base64url.encode(b"\x04" + b"\x01" * 63), base64url.encode(b"a" * 16)),
        (Browser().p256dh, base64url.encode(b"a" * 15)),
        ("é", "a"),
        (Browser().p256dh, "A"),
    ],
    ids=["on_no_curve", "too_short", "secret_too_short", "no_base64", "secret_no_base64"],
)
def test_keys_that_are_none_seal_nothing(p256dh: str, auth: str) -> None:
    with pytest.raises(Undeliverable, match="KEYS_UNUSABLE"):
        encryption.seal(b"x", p256dh=p256dh, auth=auth)


# ---------------------------------------------------------------- signing


def test_a_service_can_check_who_pushes() -> None:
    now = now_ms()

    said = claims(Vapid(KEYS).authorization("https://fcm.googleapis.com", now=now))

    assert said == {
        "aud": "https://fcm.googleapis.com",
        "exp": (now + LIFE) // SECOND,
        "sub": "mailto:ops@example.com",
    }


def test_a_service_gets_the_same_signature_for_hours() -> None:
    vapid, now = Vapid(KEYS), now_ms()
    first = vapid.authorization("https://a.example", now=now)

    assert vapid.authorization("https://a.example", now=now + LIFE - HOUR - MINUTE) == first
    assert vapid.authorization("https://a.example", now=now + LIFE - HOUR + MINUTE) != first
    assert vapid.authorization("https://b.example", now=now) != first


@pytest.mark.parametrize(
    "keys",
    [
        PushKeys(private=KEYS.private, public=new_keys("").public, contact=""),
        PushKeys(private="AA", public=KEYS.public, contact=""),
        PushKeys(private="!", public=KEYS.public, contact=""),
    ],
)
def test_keys_that_are_no_pair_are_said(keys: PushKeys) -> None:
    with pytest.raises(ConfigurationError, match="textension push init"):
        Vapid(keys)


def test_the_private_key_is_not_shown() -> None:
    assert KEYS.private not in repr(KEYS)


# ---------------------------------------------------------------- where to


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91b-_",
        "https://FCM.googleapis.com:443/wp/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QOX",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2b",
    ],
)
def test_makers_of_browsers_are_known(endpoint: str) -> None:
    assert services.is_known(endpoint, local=False)


STRANGERS = [
    "http://fcm.googleapis.com/fcm/send/abc",
    "ftp://fcm.googleapis.com/",
    "//fcm.googleapis.com/",
    "https:fcm.googleapis.com/",
    "https:///fcm.googleapis.com/",
    "https://fcm.googleapis.com:8443/",
    "https://fcm.googleapis.com:443@evil.example/",
    "https://fcm.googleapis.com.evil.example/",
    "https://evilfcm.googleapis.com.evil/",
    "https://notfcm.googleapis.com/",
    "https://googleapis.com/",
    "https://evil.example/https://fcm.googleapis.com/",
    "https://evil.example#fcm.googleapis.com",
    "https://evil.example?.fcm.googleapis.com",
    "https://evil.example\\.fcm.googleapis.com/",
    "https://evil.example%2f.fcm.googleapis.com/",
    "https://evil.example\t.fcm.googleapis.com/",
    "https://user@fcm.googleapis.com/",
    "https://user:pass@fcm.googleapis.com/",
    "https://fcm.googleapis.com\\@169.254.169.254/",
    "https://fcm.googleapis.com./",
    "https://.fcm.googleapis.com/",
    "https://a..fcm.googleapis.com/",
    "https://fcm。googleapis。com/",
    "https://fcm.googleapis.com/a b",
    "https://fcm.googleapis.com/\r\nHost: evil.example",
    "https://fcm.googleapis.com/\n",
    "\nhttps://fcm.googleapis.com/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
    "https://[fcm.googleapis.com]/",
    "https://2852039166/",
    "https://localhost/",
    "https://127.0.0.1/",
    "http://127.0.0.1:9000/push",
    "https://[",
    "",
]


@pytest.mark.parametrize("endpoint", STRANGERS)
def test_strangers_are_not(endpoint: str) -> None:
    assert not services.is_known(endpoint, local=False)


@pytest.mark.parametrize("endpoint", [one for one in STRANGERS if one != "http://127.0.0.1:9000/push"])
def test_the_local_stack_knows_this_machine_besides_and_no_more(endpoint: str) -> None:
    assert services.is_known("http://127.0.0.1:9000/push", local=True)
    assert not services.is_known(endpoint, local=True)


# ---------------------------------------------------------------- over the wire


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Mozilla's push service, on this machine."""
    with https_service(tmp_path) as (running, authority):
        divert(monkeypatch, {HOST: running.server_port})
        monkeypatch.setattr("textension.push.client.PushClient", lambda: PushClient(ca_certs=str(authority)))
        yield running


def posted(tmp_path: Path, path: str = "/") -> Posted:
    """One push to that service, by a client that trusts it."""
    return PushClient(ca_certs=str(tmp_path / "authority.pem")).post(f"https://{HOST}{path}", {"TTL": "1"}, b"x")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (201, Posted(Outcome.PUSHED)),
        (200, Posted(Outcome.PUSHED)),
        (404, Posted(Outcome.GONE, "HTTP_404")),
        (410, Posted(Outcome.GONE, "HTTP_410")),
        (429, Posted(Outcome.AGAIN, "HTTP_429")),
        (500, Posted(Outcome.AGAIN, "HTTP_500")),
        (503, Posted(Outcome.AGAIN, "HTTP_503")),
        (400, Posted(Outcome.REFUSED, "HTTP_400")),
        (403, Posted(Outcome.REFUSED, "HTTP_403")),
        (413, Posted(Outcome.REFUSED, "HTTP_413")),
        (301, Posted(Outcome.REFUSED, "HTTP_301")),
        (307, Posted(Outcome.REFUSED, "HTTP_307")),
    ],
)
def test_a_status_says_what_to_do_and_a_redirect_leads_nowhere(
    tmp_path: Path, service: Service, status: int, expected: Posted
) -> None:
    service.statuses["/"] = status

    assert posted(tmp_path) == expected
    assert [one.path for one in service.pushes] == ["/"]


def test_an_endless_answer_is_not_read(tmp_path: Path, service: Service) -> None:
    service.body = b"x" * 20_000_000
    began = time.monotonic()

    assert posted(tmp_path) == Posted(Outcome.PUSHED)
    assert time.monotonic() - began < 2


def test_a_service_that_says_nothing_is_given_up(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textension.push.client.TIMEOUT", 0.3)
    service.slow["/"] = 2.0
    began = time.monotonic()

    assert posted(tmp_path) == Posted(Outcome.AGAIN, "ReadTimeoutError")
    assert time.monotonic() - began < 1.5


def test_a_certificate_that_nobody_vouches_for_is_refused(service: Service) -> None:
    assert PushClient().post(f"https://{HOST}/", {}, b"x") == Posted(Outcome.AGAIN, "SSLError")
    assert service.pushes == []


def test_a_certificate_for_another_host_is_refused(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    divert(monkeypatch, {"fcm.googleapis.com": service.server_port})
    client = PushClient(ca_certs=str(tmp_path / "authority.pem"))

    assert client.post("https://fcm.googleapis.com/", {}, b"x") == Posted(Outcome.AGAIN, "SSLError")
    assert service.pushes == []


def test_nobody_there_is_no_trouble_of_ours(tmp_path: Path, service: Service) -> None:
    client = PushClient(ca_certs=str(tmp_path / "authority.pem"))

    assert client.post("https://web.push.apple.com/", {}, b"x") == Posted(Outcome.AGAIN, "NewConnectionError")


# ---------------------------------------------------------------- the function


@pytest.fixture
def office(aws: Backend, service: Service) -> Backend:
    """The stack with push keys."""
    put_push_keys(aws.secrets["PushSecret"], KEYS, replace=False)
    return aws


def subscribe(aws: Backend, name: str, browser: Browser, *, extension: str = "101", **changes: Any) -> PushSubscription:
    """A browser of an extension, at a path of its name."""
    one = browser.subscription(name, f"https://{HOST}/{name}", **changes)
    PushSubscriptions(aws.table).put("main", extension, one)
    return one


def text(aws: Backend, body: str = "Are you open?") -> Message:
    """A text that came in."""
    post(aws, push(body=body, message=body))
    return stored(aws)[0]


def run(*bodies: str, count: int = 1, remaining: int = 30_000) -> list[int]:
    """Through the function; the positions of the records that are to come again."""
    records = [
        {"messageId": str(position), "body": body, "attributes": {"ApproximateReceiveCount": str(count)}}
        for position, body in enumerate(bodies)
    ]
    answer = load_function("push_notifier").handler({"Records": records}, Context(remaining))
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def received(message: Message) -> str:
    """The event that tells of it, as the queue brings it."""
    return events.of(message)[0].body


def names(aws: Backend, extension: str = "101") -> list[str]:
    """The subscriptions that are left."""
    return [one.id for one in PushSubscriptions(aws.table).of_extension("main", extension)]


def test_each_browser_of_each_extension_is_told_where_to_look(office: Backend, service: Service) -> None:
    phone, desk, other = Browser(), Browser(), Browser()
    subscribe(office, "phone", phone)
    subscribe(office, "desk", desk)
    subscribe(office, "other", other, extension="102")
    subscribe(office, "stranger", Browser(), extension="103")
    message = text(office)

    assert run(received(message)) == []

    assert {one.path for one in service.pushes} == {"/phone", "/desk", "/other"}
    for name, browser in {"phone": phone, "desk": desk, "other": other}.items():
        [one] = service.at(f"/{name}")
        assert browser.said(one.body) == {"message_id": message.id, "number": NUMBER, "peer": PEER}
        assert one.headers["content-encoding"] == "aes128gcm"
        assert (one.headers["ttl"], one.headers["urgency"]) == ("86400", "high")
        assert claims(one.headers["authorization"])["aud"] == f"https://{HOST}"


def test_the_text_is_shown_to_whom_it_is_allowed_only(office: Backend, service: Service) -> None:
    plain, open_ = Browser(), Browser()
    subscribe(office, "plain", plain)
    subscribe(office, "open", open_, show_text=True)

    run(received(text(office, "Grüße 👋" + "x" * 200)))

    assert "text" not in plain.said(service.at("/plain")[0].body)
    shown = open_.said(service.at("/open")[0].body)["text"]
    assert (shown[:7], shown[-1], len(shown)) == ("Grüße 👋", "…", LONGEST_TEXT)
    assert len({len(one.body) for one in service.pushes}) == 1


def test_pushes_of_a_conversation_replace_each_other_and_the_topic_tells_nobody_which(
    office: Backend, service: Service
) -> None:
    subscribe(office, "phone", Browser())
    first = json.loads(received(text(office)))
    second, other = json.loads(json.dumps(first)), json.loads(json.dumps(first))
    second["data"]["message_id"] = "another"
    other["data"]["peer"] = "+61433333333"

    run(*(json.dumps(one) for one in (first, second, other)))

    topics = [one.headers["topic"] for one in service.pushes]
    assert topics[0] == topics[1] != topics[2]
    assert all(len(topic) <= 32 and NUMBER[1:] not in topic for topic in topics)


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(office: Backend, service: Service, status: int) -> None:
    subscribe(office, "gone", Browser())
    subscribe(office, "there", Browser())
    service.statuses["/gone"] = status

    assert run(received(text(office))) == []
    assert names(office) == ["there"]


def test_a_browser_that_renewed_itself_meanwhile_is_kept(office: Backend) -> None:
    old = subscribe(office, "phone", Browser())
    new = Browser().subscription("phone", f"https://{HOST}/renewed")
    PushSubscriptions(office.table).put("main", "101", new)

    PushSubscriptions(office.table).forget("main", "101", old)

    assert names(office) == ["phone"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_a_service_did_not_take_comes_again_for_that_browser_only(
    office: Backend, service: Service, status: int
) -> None:
    subscribe(office, "busy", Browser())
    subscribe(office, "there", Browser())
    service.statuses["/busy"] = status
    event = received(text(office))

    assert run(event) == [0]
    assert run(event, count=2) == [0]
    service.statuses.clear()
    assert run(event, count=3) == []

    assert (len(service.at("/busy")), len(service.at("/there"))) == (3, 1)


def test_one_bad_subscription_harms_no_other(office: Backend, service: Service) -> None:
    browser = Browser()
    good = subscribe(office, "good", browser)
    broken = Browser().subscription("broken", f"https://{HOST}/broken")
    for bad in (
        replace(broken, id="no-keys", p256dh="B" * 87),
        replace(broken, id="no-auth", auth="A"),
        replace(broken, id="stranger", endpoint="https://169.254.169.254/latest/meta-data/"),
        replace(broken, id="nobody", endpoint="https://web.push.apple.com/x"),
    ):
        PushSubscriptions(office.table).put("main", "101", bad)
    message = text(office)

    assert run(received(message)) == [0]  # for the one whom nobody answered

    assert browser.said(service.at("/good")[0].body)["message_id"] == message.id
    assert [one.path for one in service.pushes] == ["/good"]
    assert good.id in names(office)


def test_a_stored_address_is_looked_at_again_before_it_is_called(
    aws: Backend, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_push_keys(aws.secrets["PushSecret"], KEYS, replace=False)
    asked = divert(monkeypatch, {})
    for position, endpoint in enumerate(STRANGERS[:18]):
        one = Browser().subscription(f"s{position}", endpoint)
        PushSubscriptions(aws.table).put("main", "101", one)

    assert run(received(text(aws))) == []
    assert asked == []


def test_without_keys_nothing_is_sent_and_nothing_fails(aws: Backend, service: Service) -> None:
    subscribe(aws, "phone", Browser())

    assert run(received(text(aws))) == []
    assert service.pushes == []


def test_keys_are_noticed_soon_after_they_were_made(
    aws: Backend, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(aws, "phone", Browser())
    event = received(text(aws))
    run(event)
    put_push_keys(aws.secrets["PushSecret"], KEYS, replace=False)
    run(event)
    assert service.pushes == []

    later = time.monotonic() + REREAD_AFTER + 1
    monkeypatch.setattr("textension.aws.secrets.time.monotonic", lambda: later)
    run(event)

    assert len(service.pushes) == 1


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", '{"type": "message.received"}', '{"type": "message.received", "data": {"message_id": 1}}'],
)
def test_what_is_no_event_fails_alone(office: Backend, service: Service, body: str) -> None:
    subscribe(office, "phone", Browser())

    assert run(body, received(text(office))) == [0]
    assert len(service.pushes) == 1


def test_another_kind_of_event_is_no_text(office: Backend) -> None:
    event = json.loads(received(text(office))) | {"type": "message.status_changed"}

    assert run(json.dumps(event)) == [0]


def test_half_a_character_reaches_the_browser_as_a_whole_one(office: Backend) -> None:
    event = json.loads(received(text(office)))
    event["data"]["text"] = "half \ud83d"

    said = json.loads(Received.read(json.dumps(event)).payload(show_text=True))

    assert said["text"] == "half \ufffd"


def test_a_text_that_there_is_no_time_for_comes_again(office: Backend, service: Service) -> None:
    subscribe(office, "phone", Browser())

    assert run(received(text(office)), remaining=ENOUGH - 1) == [0]
    assert service.pushes == []


def test_a_service_that_says_nothing_keeps_nobody_waiting(
    office: Backend, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textension.push.client.TIMEOUT", 0.5)
    subscribe(office, "silent", Browser())
    subscribe(office, "there", Browser())
    service.slow["/silent"] = 3.0
    event, began = received(text(office)), time.monotonic()

    assert run(event) == [0]

    assert time.monotonic() - began < 2.5
    assert len(service.at("/there")) == 1


def test_a_text_is_one_query_for_each_extension(
    office: Backend, service: Service, figure: Callable[[str], None]
) -> None:
    subscribe(office, "phone", Browser())
    event = received(text(office))
    run(event)
    calls: list[str] = []
    clients.dynamodb().meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    run(event)

    assert calls == ["Query", "Query"]
    figure(f"requests of push_notifier, one text to a number with two extensions: {', '.join(calls)}, 1 HTTP request")
    service.statuses["/phone"] = 503
    calls.clear()
    run(event, count=2)
    assert sorted(calls) == ["GetItem", "PutItem", "Query", "Query"]


def test_nothing_private_is_logged(office: Backend, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    one = subscribe(office, "busy", Browser(), show_text=True)
    service.statuses["/busy"] = 500
    event = received(text(office, "canary in the text"))
    capsys.readouterr()

    run(event, "not an event: canary")

    logged = "".join(capsys.readouterr())
    assert "to be tried again" in logged
    assert not [
        private
        for private in ("canary", NUMBER, PEER, one.endpoint, one.auth, one.p256dh, KEYS.private)
        if private in logged
    ]


def test_new_keys_are_signed_with_when_the_secret_has_them(office: Backend, service: Service) -> None:
    subscribe(office, "phone", Browser())
    event = received(text(office))
    run(event)
    fresh = new_keys("mailto:ops@example.com")
    put_push_keys(office.secrets["PushSecret"], fresh, replace=True)
    assemble.pushes.cache_clear()

    run(event)

    assert KEYS.public in service.pushes[0].headers["authorization"]
    assert fresh.public in service.pushes[1].headers["authorization"]
