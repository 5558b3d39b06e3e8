"""SendGrid's Event Webhook: who may speak, and what is understood."""

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import DeliveryEvent
from domain.errors import Invalid
from sending.channel import InvalidSignature
from sending.sendgrid_webhook import parse, verify
from tests.fakes.sendgrid_signer import EventSigner

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parent / "payloads"
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
EVENTS = [{"event": "delivered", "email": "zoë@customer.example"}]

TYPES = {
    "queued",
    "deferred",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "rejected",
    "complained",
    "unsubscribed",
    "subscribed",
    "unknown",
}

FIELDS = (
    "event",
    "timestamp",
    "sg_event_id",
    "sg_message_id",
    "message_id",
    "email",
    "type",
    "reason",
    "url",
    "sg_machine_open",
)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
)
values = st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=5)
objects = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(),
    st.sampled_from(["bounce", "open", "processed", "click", "blocked"]) | values,
)


@pytest.fixture(scope="module")
def sendgrid() -> EventSigner:
    return EventSigner()


def is_believed(headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> bool:
    try:
        verify(headers, body, keys=keys, now=NOW)
    except InvalidSignature:
        return False
    return True


class TestVerify:
    def test_believes_what_our_key_signed(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)

        assert is_believed(batch.headers, batch.body, [sendgrid.public_key])

    def test_finds_the_headers_in_any_case(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)
        lowered = {name.lower(): value for name, value in batch.headers.items()}

        assert is_believed(lowered, batch.body, [sendgrid.public_key])

    def test_believes_either_key_while_they_rotate(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)
        keys = [EventSigner().public_key, sendgrid.public_key]

        assert is_believed(batch.headers, batch.body, keys)

    def test_refuses_another_accounts_key(self, sendgrid: EventSigner) -> None:
        batch = EventSigner().sign(EVENTS, at=NOW)

        with pytest.raises(InvalidSignature):
            verify(batch.headers, batch.body, keys=[sendgrid.public_key], now=NOW)

    def test_refuses_everything_without_a_key(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)

        with pytest.raises(InvalidSignature):
            verify(batch.headers, batch.body, keys=[], now=NOW)

    def test_refuses_another_body(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)

        with pytest.raises(InvalidSignature):
            verify(batch.headers, batch.body + b" ", keys=[sendgrid.public_key], now=NOW)

    @pytest.mark.parametrize(
        "changes",
        [
            {TIMESTAMP: "1772366401"},
            {TIMESTAMP: ""},
            {TIMESTAMP: None},
            {TIMESTAMP: "yesterday"},
            {TIMESTAMP: "\ud800"},
            {SIGNATURE: ""},
            {SIGNATURE: None},
            {SIGNATURE: "not base64!"},
            {SIGNATURE: "c2lnbmF0dXJl"},
            {SIGNATURE: "a"},
            {SIGNATURE: "schlüssel"},
            {SIGNATURE: None, TIMESTAMP: None},
            {SIGNATURE: "", TIMESTAMP: ""},
        ],
        ids=str,
    )
    def test_refuses_missing_and_malformed_headers_alike(
        self, sendgrid: EventSigner, changes: dict[str, str | None]
    ) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)
        headers = {
            name: value for name, value in {**batch.headers, **changes}.items() if value is not None
        }

        with pytest.raises(InvalidSignature):
            verify(headers, batch.body, keys=[sendgrid.public_key], now=NOW)

    def test_refuses_a_body_that_is_not_text(self, sendgrid: EventSigner) -> None:
        batch = sendgrid.sign(b"\xff\xfe", at=NOW)

        with pytest.raises(InvalidSignature):
            verify(batch.headers, batch.body, keys=[sendgrid.public_key], now=NOW)

    def test_skips_a_configured_key_that_is_none_and_says_so(
        self, sendgrid: EventSigner, caplog: pytest.LogCaptureFixture
    ) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW)
        keys = ["not a key", "", _rsa_key(), sendgrid.public_key]

        assert is_believed(batch.headers, batch.body, keys)
        assert "DORMOUSE_SENDGRID_WEBHOOK_KEYS" in caplog.text

    @pytest.mark.parametrize("away", [timedelta(minutes=11), timedelta(minutes=-11)])
    def test_believes_late_retries_and_notes_them(
        self, sendgrid: EventSigner, caplog: pytest.LogCaptureFixture, away: timedelta
    ) -> None:
        batch = sendgrid.sign(EVENTS, at=NOW - away)

        with caplog.at_level(logging.WARNING):
            assert is_believed(batch.headers, batch.body, [sendgrid.public_key])

        assert "webhook.late" in caplog.messages

    @given(signature=st.text(), timestamp=st.text(), body=st.binary())
    def test_raises_nothing_but_invalid_signature(
        self, sendgrid: EventSigner, signature: str, timestamp: str, body: bytes
    ) -> None:
        headers = {SIGNATURE: signature, TIMESTAMP: timestamp}

        with pytest.raises(InvalidSignature):
            verify(headers, body, keys=[sendgrid.public_key], now=NOW)


class TestParse:
    @pytest.mark.parametrize(
        ("payload", "expected"),
        [
            ("processed", {"type": "queued"}),
            ("deferred", {"type": "deferred", "reason": "400 try again later"}),
            ("delivered", {"type": "delivered", "reason": "250 OK"}),
            (
                "bounce-hard",
                {
                    "type": "bounced",
                    "bounce": "hard",
                    "reason": "550 5.1.1 The email account that you tried to reach does not exist",
                },
            ),
            (
                "bounce-blocked",
                {
                    "type": "bounced",
                    "bounce": "blocked",
                    "reason": "554 5.7.1 Service unavailable; blocked by a list",
                },
            ),
            (
                "bounce-unclassified",
                {"type": "bounced", "bounce": "soft", "reason": "unknown reason"},
            ),
            ("dropped", {"type": "rejected", "reason": "Bounced Address"}),
            ("open", {"type": "opened", "machine": False}),
            ("open-by-machine", {"type": "opened", "machine": True}),
            ("click", {"type": "clicked", "url": "https://shop.example/cart?utm_source=mail"}),
            ("spamreport", {"type": "complained"}),
            ("unsubscribe", {"type": "unsubscribed"}),
            ("group-unsubscribe", {"type": "unsubscribed"}),
            ("group-resubscribe", {"type": "subscribed"}),
        ],
    )
    def test_puts_every_event_of_sendgrid_into_our_words(
        self, payload: str, expected: dict[str, Any]
    ) -> None:
        [raw] = json.loads((PAYLOADS / f"{payload}.json").read_text())

        assert _parsed(payload) == DeliveryEvent(
            id=raw["sg_event_id"],
            happened_at=NOW,
            message_id="msg_0b54c9a2",
            provider_message_id="14c5d75ce93",
            recipient="zoe@customer.example",
            raw=raw,
            **expected,
        )

    def test_recognizes_a_late_bounce_by_its_recipient_alone(self) -> None:
        event = _parsed("bounce-late")

        assert event.bounce == "hard"
        assert event.recipient == "zoe@customer.example"
        assert event.message_id is None
        assert event.provider_message_id is None

    def test_keeps_what_sendgrid_invents_tomorrow(self) -> None:
        event = _parsed("account-status-change")

        assert event.type == "unknown"
        assert event.raw["type"] == "compliance_suspend"

    def test_gives_an_event_without_an_id_the_same_one_each_time(self) -> None:
        [first] = parse(b'[{"event": "open", "timestamp": 1772366400}]')
        [again] = parse(b'[{"timestamp": 1772366400, "event": "open"}]')
        [other] = parse(b'[{"event": "open", "timestamp": 1772366401}]')

        assert first.id == again.id
        assert first.id != other.id

    def test_keeps_the_order_of_the_batch(self) -> None:
        events = parse(b'[{"event": "open"}, {"event": "click"}, {"event": "delivered"}]')

        assert [event.type for event in events] == ["opened", "clicked", "delivered"]

    @pytest.mark.parametrize("timestamp", ["1e300", "null", "true", '"today"', "-99999999999999"])
    def test_dates_an_event_without_a_time_by_its_arrival(self, timestamp: str) -> None:
        [event] = parse(f'[{{"event": "open", "timestamp": {timestamp}}}]'.encode())

        assert datetime.now(UTC) - event.happened_at < timedelta(minutes=1)

    def test_takes_out_what_no_database_stores(self) -> None:
        [event] = parse(
            b'[{"event": "click", "useragent": "a\\u0000b\\ud800", "n": NaN, "m": 1e999,'
            b' "deep": [{"url\\u0000": "\\u0000"}]}]'
        )

        assert event.raw == {
            "event": "click",
            "useragent": "ab?",
            "n": None,
            "m": None,
            "deep": [{"url": ""}],
        }

    def test_believes_no_message_id_that_cannot_be_ours(self) -> None:
        [event] = parse(json.dumps([{"event": "open", "message_id": "m" * 65}]).encode())

        assert event.message_id is None

    @pytest.mark.parametrize(
        "body",
        [b"", b"{}", b'"text"', b"null", b"[1", b"\xff", b"[" * 100_000, b'{"event": "open"}'],
        ids=lambda body: repr(body[:20]),
    )
    def test_refuses_what_is_not_an_array_in_a_sentence(self, body: bytes) -> None:
        with pytest.raises(Invalid, match=r"^The body is not .*\.$"):
            parse(body)

    @given(st.lists(objects))
    def test_understands_every_array_of_objects(self, batch: list[dict[str, Any]]) -> None:
        events = parse(json.dumps(batch).encode())

        assert len(events) == len(batch)
        for event in events:
            assert event.type in TYPES
            assert 0 < len(event.id) <= 255
            assert event.happened_at.tzinfo is UTC
            assert json.dumps(dict(event.raw), allow_nan=False, ensure_ascii=False).encode()

    @given(st.lists(values.map(json.dumps) | st.just("9" * 5_000)))
    def test_loses_no_batch_over_strange_neighbours(self, neighbours: list[str]) -> None:
        events = parse(b"[%s]" % ", ".join(['{"event": "open"}', *neighbours]).encode())

        assert events[0].type == "opened"
        assert len(events) == 1 + len(neighbours)


def _parsed(payload: str) -> DeliveryEvent:
    [event] = parse((PAYLOADS / f"{payload}.json").read_bytes())
    return event


def _rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()
