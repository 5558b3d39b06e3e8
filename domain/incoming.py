"""What arrives at the gateway, validated but not yet understood: Segment's six calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.events import EventName


class Call(StrEnum):
    """Segment's calls, as this engine tells them apart."""

    #: track, page and screen: the customer did something.
    TRACK = "track"
    IDENTIFY = "identify"
    ALIAS = "alias"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One accepted message. It names somebody: by `user_id`, `anonymous_id` or `customer_id`."""

    message_id: str
    call: Call
    happened_at: datetime
    received_at: datetime
    user_id: str | None = None
    anonymous_id: str | None = None
    #: Our own id, for what we found out ourselves.
    customer_id: str | None = None
    #: For alias: the id that becomes another name of `user_id`.
    previous_id: str | None = None
    #: For alias: whether two users may become one who are both known to the shop.
    may_join_users: bool = True
    #: For track: the event's name; page and screen calls are `Page Viewed`, `Screen Viewed`.
    name: EventName | None = None
    #: For track: its properties.
    properties: Mapping[str, Any] = field(default_factory=dict)
    #: For identify (and context.traits of others): what is said about the person.
    traits: Mapping[str, Any] = field(default_factory=dict)
    #: True for `/v1/import`: kept and learned from, but starts nothing and ends nothing.
    is_history: bool = False
