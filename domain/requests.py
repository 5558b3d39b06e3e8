"""What callers ask of the engine directly, and the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.events import Facts


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A backend's wish to start a journey for a customer, by the shop's own id."""

    journey: str
    customer_id: str
    #: Settings for this run alone, over the journey's own.
    settings: Mapping[str, Any] = field(default_factory=dict)
    about: Facts = field(default_factory=Facts)
    idempotency_key: str | None = None
    #: Hash of the whole request: a used key with another request is refused.
    request_hash: str | None = None


@dataclass(frozen=True, slots=True)
class StartedRun:
    """The run that answers a request; not new when the idempotency key was used before."""

    run_id: str
    workflow_id: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A grant or withdrawal for one topic on one channel."""

    topic: str
    channel: str
    granted: bool
    #: express, double_opt_in, soft_opt_in or implied.
    basis: str = "express"
    #: The words the person agreed to.
    wording: str | None = None
