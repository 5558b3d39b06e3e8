"""What providers report about messages that they took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """What a provider reports about a mail, in anymail's words."""

    #: The provider's id of this report: de-duplicates.
    id: str
    #: queued, deferred, delivered, opened, clicked, bounced, rejected, complained, unsubscribed,
    #: subscribed or unknown.
    type: str
    happened_at: datetime
    #: Ours, when the provider echoed it.
    message_id: str | None = None
    provider_message_id: str | None = None
    recipient: str | None = None
    reason: str | None = None
    #: For a bounce: hard, soft or blocked. Only a hard one suppresses the address.
    bounce: str | None = None
    url: str | None = None
    #: True when a program, not a person, opened or clicked.
    machine: bool = False
    raw: Mapping[str, object] = field(default_factory=dict)
