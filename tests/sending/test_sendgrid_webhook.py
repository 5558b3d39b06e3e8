"""SendGrid's Event Webhook: what is understood of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import DeliveryEvent
from domain.errors import Invalid
from sending.sendgrid_webhook import parse

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parent / "payloads"

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
