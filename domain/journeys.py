"""Journeys from the outside: what starts one, what it carries, how it ends."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from domain.durations import Duration
from domain.events import (
    CART_EMPTIED,
    CUSTOMER_DELETED,
    CUSTOMER_MERGED,
    EMAIL_BOUNCED,
    EMAIL_LINK_CLICKED,
    EMAIL_MARKED_AS_SPAM,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_ADDED,
    SUBSCRIBED,
    UNSUBSCRIBED,
    Facts,
    Heard,
)
from domain.messages import StepOutcome


class RunStatus(StrEnum):
    """Where a run stands, as lists and dashboards show it."""

    WAITING = "waiting"
    HELD = "held"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


#: A run in one of these takes part in nothing any more.
OVER: Final = (RunStatus.ENDED, RunStatus.FAILED)

#: How an ending event is named as an exit reason; a journey may say it differently.
EXIT_REASONS: Final[dict[str, str]] = {
    ORDER_COMPLETED: "purchased",
    PRODUCT_ADDED: "in-cart",
    CART_EMPTIED: "cart-emptied",
    ORDER_REFUNDED: "refunded",
    ORDER_CANCELLED: "cancelled",
    EMAIL_LINK_CLICKED: "clicked",
    SUBSCRIBED: "confirmed",
    UNSUBSCRIBED: "unsubscribed",
    EMAIL_BOUNCED: "bounced",
    EMAIL_MARKED_AS_SPAM: "complained",
    CUSTOMER_MERGED: "merged",
    CUSTOMER_DELETED: "erased",
}


class IncentiveKind(StrEnum):
    """What a shop offers to bring somebody back."""

    FREE_SHIPPING = "free-shipping"
    PERCENT = "percent"
    GIFT = "gift"


class Incentive(BaseModel):
    """An offer with an end. Dormouse makes no promise that a shop did not configure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: IncentiveKind
    #: Percent off, for `percent`.
    value: Decimal | None = Field(default=None, gt=0, le=100)
    #: The code to type at the checkout, when one is needed.
    code: str | None = Field(default=None, max_length=60)
    #: Counted from the moment the mail is sent.
    valid_for: Duration


class JourneySettings(BaseModel):
    """The tunable numbers and texts of a journey; a run keeps those it entered with."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=JourneySettings)


class Carried(BaseModel):
    """What a run takes along when it continues as new: enough to lose nothing."""

    #: The outcomes of the verbs already told, in order.
    told: list[dict[str, Any]] = []
    heard: list[tuple[str, Heard]] = []
    #: When the wait in progress is over.
    wakes_at: datetime | None = None
    asked_at: datetime | None = None
    paused: bool = False
    ended_by: str | None = None
    steps: list[tuple[str, StepOutcome]] = []


class JourneyStart(BaseModel, Generic[S]):
    """The input of a run: opaque ids, the facts that started it, and its settings."""

    run_id: str
    customer_id: str
    #: When the event that started the run happened.
    entered_at: datetime
    about: Facts = Facts()
    settings: S
    #: Virtual seconds per real second, kept for the run's whole life.
    time_scale: float = 1.0
    carried: Carried | None = None


class JourneyResult(BaseModel):
    """How a run ended: the reason, and what became of each step in order."""

    exit_reason: str
    steps: list[tuple[str, StepOutcome]] = []
    failure: str | None = None


class RunPosition(BaseModel):
    """Where a run is, in plain words: the answer to the query `position`."""

    status: RunStatus
    step: str | None = None
    waiting_for: str | None = None
    wakes_at: datetime | None = None
    exit_reason: str | None = None
