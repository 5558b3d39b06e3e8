"""The hand that signs the batches of SendGrid's Event Webhook, with a real key."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class SignedBatch:
    """A request to the Event Webhook."""

    headers: Mapping[str, str]
    body: bytes


class EventSigner:
    """One account's key pair (EC P-256), fresh for each signer."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """The verification key as SendGrid's settings show it: base64 of the DER."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(
        self, events: Sequence[Mapping[str, Any]] | bytes, *, at: datetime | None = None
    ) -> SignedBatch:
        """A batch (or any body) with the headers that prove its origin."""
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        timestamp = str(int((at or datetime.now(UTC)).timestamp()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }
        return SignedBatch(headers, body)
