"""SendGrid's Event Webhook: whether a batch is genuine, and what it says in our words."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from domain.deliveries import DeliveryEvent
from domain.errors import Invalid
from sending.channel import InvalidSignature

_log = logging.getLogger(__name__)

#: Beyond this a batch is a late retry or a replay. Retries go on for 24 hours and keep their
#: signature, and a replay finds every event known: so it is noted, not refused.
_TOLERANCE: Final = timedelta(minutes=10)

_TYPES: Final = {
    "processed": "queued",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "dropped": "rejected",
    "open": "opened",
    "click": "clicked",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "subscribed",
}
#: SendGrid's `type` of a bounce. What it does not call a bounce outright is not held against
#: the address.
_BOUNCES: Final = {"bounce": "hard", "blocked": "blocked"}

#: The longest ids that the ledger keeps.
_LONGEST_ID: Final = 255
_LONGEST_MESSAGE_ID: Final = 64
#: Beyond 64 bits no database keeps it; beyond 4,300 digits Python does not even read it.
_LONGEST_INTEGER: Final = 18


def require_signature(headers: Mapping[str, str]) -> None:
    """Raise InvalidSignature unless the headers hold a signature, whatever it is worth."""
    _signed_by(headers)


def verify(headers: Mapping[str, str], body: bytes, *, keys: Sequence[str], now: datetime) -> None:
    """Raise InvalidSignature unless one of the public `keys` signed this very body."""
    signature, timestamp = _signed_by(headers)
    try:
        genuine = any(_is_signed(body.decode(), signature, timestamp, key) for key in keys)
    except ValueError as error:  # not base64, or not UTF-8
        raise InvalidSignature("The webhook's signature is malformed.") from error
    if not genuine:
        raise InvalidSignature("The webhook's signature is not of this body or not by our key.")
    _note_age(timestamp, now)


def parse(body: bytes) -> list[DeliveryEvent]:
    """The events of a batch, in its order. Raises Invalid when it is not a JSON array.

    An event that SendGrid invents tomorrow is kept with the type `unknown`.
    """
    try:
        batch = _storable(json.loads(body, parse_int=_number))
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is not JSON: SendGrid sends an array of events.") from error
    if not isinstance(batch, list):
        raise Invalid("The body is not a JSON array: SendGrid sends an array of events.")
    return [_event(item if isinstance(item, dict) else {"value": item}) for item in batch]


def is_public_key(key: str) -> bool:
    """Whether `key` is one that signatures can be verified by."""
    return _opened(key) is not None


def _signed_by(headers: Mapping[str, str]) -> tuple[str, str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    signature = lowered.get(EventWebhookHeader.SIGNATURE.lower())
    timestamp = lowered.get(EventWebhookHeader.TIMESTAMP.lower())
    if not signature or not timestamp:
        raise InvalidSignature(
            "The webhook is not signed: switch on Signed Event Webhook in SendGrid's settings."
        )
    return signature, timestamp


def _is_signed(body: str, signature: str, timestamp: str, key: str) -> bool:
    webhook = _opened(key)
    if webhook is None:
        _log.warning("DORMOUSE_SENDGRID_WEBHOOK_KEYS holds a key that is not one; skipped")
        return False
    return bool(webhook.verify_signature(body, signature, timestamp))


def _opened(key: str) -> EventWebhook | None:
    with suppress(ValueError, UnsupportedAlgorithm):
        webhook = EventWebhook(key)
        if isinstance(webhook.public_key, EllipticCurvePublicKey):
            return webhook
    return None


def _note_age(timestamp: str, now: datetime) -> None:
    signed_at = _moment(_number(timestamp)) if timestamp.isdecimal() else None
    if signed_at is None or abs(now - signed_at) > _TOLERANCE:
        _log.warning("webhook.late", extra={"signed_at": timestamp})


def _event(raw: dict[str, Any]) -> DeliveryEvent:
    kind = _TYPES.get(_text(raw, "event") or "", "unknown")
    return DeliveryEvent(
        id=_text(raw, "sg_event_id", longest=_LONGEST_ID) or _fingerprint(raw),
        type=kind,
        happened_at=_moment(raw.get("timestamp")) or datetime.now(UTC),
        message_id=_text(raw, "message_id", longest=_LONGEST_MESSAGE_ID),
        provider_message_id=_provider_message_id(raw),
        recipient=_text(raw, "email"),
        reason=_text(raw, "reason") or _text(raw, "response"),
        bounce=_bounce(raw) if kind == "bounced" else None,
        url=_text(raw, "url"),
        machine=raw.get("sg_machine_open") is True,
        raw=raw,
    )


def _bounce(raw: dict[str, Any]) -> str:
    return _BOUNCES.get((_text(raw, "type") or "").lower(), "soft")


def _provider_message_id(raw: dict[str, Any]) -> str | None:
    # "<X-Message-Id>.<where it went>": only the first part was in the answer to our POST.
    whole = _text(raw, "sg_message_id", longest=_LONGEST_ID) or ""
    return whole.partition(".")[0] or None


def _text(raw: dict[str, Any], key: str, *, longest: int | None = None) -> str | None:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        return None
    return None if longest and len(value) > longest else value


def _fingerprint(raw: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _storable(value: Any) -> Any:
    """The same JSON without what databases refuse: NUL, half surrogates, infinite numbers.

    A single reader with a strange user agent could otherwise keep a whole batch out for ever.
    """
    match value:
        case str():
            return value.replace("\x00", "").encode(errors="replace").decode()
        case float() if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN
            return None
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
    return value
