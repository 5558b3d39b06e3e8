"""Who may speak at SendGrid's Event Webhook: who signed with our account's key."""

import base64
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from sending.channel import InvalidSignature
from sending.sendgrid_webhook import verify
from tests.fakes.sendgrid_signer import EventSigner

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
EVENTS = [{"event": "delivered", "email": "zoë@customer.example"}]


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


def _rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()
