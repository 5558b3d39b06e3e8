"""Messages: what a step sends, what became of it, and the words for both."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict


class MessageKind(StrEnum):
    """Why we write: decides which permissions a message needs."""

    MARKETING = "marketing"
    #: Answers something the customer did (an order, a sign-in): needs no marketing consent.
    TRANSACTIONAL = "transactional"
    #: Goes to the shop itself, for example to its support desk.
    INTERNAL = "internal"


class MessageStatus(StrEnum):
    """The life of a message. Ours up to `accepted`, then the provider's (anymail's words)."""

    SENDING = "sending"  # claimed: the provider is being called
    HELD = "held"  # not yet: asked again later
    SKIPPED = "skipped"  # not sent, and the reason says why
    FAILED = "failed"  # given up, and the reason says why
    UNKNOWN = "unknown"  # the provider may or may not have it: never sent twice
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"  # dropped by the provider
    COMPLAINED = "complained"


#: Later facts outrank earlier ones however late they arrive.
RANK: Final = {
    MessageStatus.SENDING: 0,
    MessageStatus.UNKNOWN: 1,
    MessageStatus.ACCEPTED: 2,
    MessageStatus.DEFERRED: 3,
    MessageStatus.REJECTED: 4,
    MessageStatus.DELIVERED: 5,
    MessageStatus.BOUNCED: 6,
    MessageStatus.COMPLAINED: 7,
}


class StepRequest(BaseModel):
    """What a run asks of the send activity: opaque ids only, the activity loads the rest."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    step: str
    #: 1 for the first time a story reaches this step, 2 for the second, …
    occurrence: int = 1
    #: The events that would end the story now: none of them may precede the mail.
    ends_on: tuple[str, ...] = ()
    #: When the step was first tried: back-off and giving up are counted from here.
    asked_at: datetime
    #: Products that an earlier step of this run already showed.
    already_shown: tuple[str, ...] = ()


class StepStatus(StrEnum):
    """How a step ended, as the story sees it."""

    SENT = "sent"
    SKIPPED = "skipped"
    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"


class StepOutcome(BaseModel):
    """What became of a step; `until` only when held, `shown` are the products in the mail."""

    model_config = ConfigDict(frozen=True)

    status: StepStatus
    reason: str | None = None
    until: datetime | None = None
    message_id: str | None = None
    shown: tuple[str, ...] = ()

    @property
    def sent(self) -> bool:
        """True when the provider has the message."""
        return self.status is StepStatus.SENT

    @property
    def failed(self) -> bool:
        """True when the step was given up."""
        return self.status is StepStatus.FAILED
