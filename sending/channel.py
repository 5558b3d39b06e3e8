"""What every channel promises: one attempt, one of four receipts, and never an exception.

A channel makes exactly one attempt per call and tells which of four things happened. It never
retries by itself and never raises for anything that a provider or network can do: only the
caller, who owns the ledger, may decide about a second attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered mail, ready to leave."""

    #: Our message id: travels with the mail and comes back in webhooks.
    message_id: str
    to_address: str
    to_name: str | None
    from_address: str
    from_name: str
    subject: str
    html: str
    text: str
    reply_to: str | None = None
    #: List-Unsubscribe, List-Id, … : as RFC 5322 writes them.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Opaque ids for the provider to echo: run_id, journey, step. Never personal data.
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the mail and answers for it from now on."""

    provider_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never take this mail: trying again is pointless."""

    reason: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was sent; the same mail may be tried again, `after` that long if it was said."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The provider may or may not have the mail: trying again may send it twice."""

    reason: str


Receipt = Accepted | Rejected | TryLater | Unknown


class Channel(Protocol):
    """A way for mail to leave."""

    @property
    def name(self) -> str:
        """The channel's name in settings and in the ledger: `sendgrid`, `smtp`, `outbox`."""

    @property
    def repeats_are_safe(self) -> bool:
        """True when sending the same `message_id` twice delivers one mail."""

    async def send(self, mail: Mail) -> Receipt:
        """Make one attempt and say what happened."""

    async def aclose(self) -> None:
        """Give back connections and files."""


class InvalidSignature(Exception):
    """The webhook's signature is missing, malformed, or not of this body."""
