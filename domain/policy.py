"""The send policy: may this message leave now? Asked afresh before every attempt.

The checks stand in the order in which they are asked; the first that objects decides. Permissions
("may we at all?") come first. Timing ("may we now?": quiet hours, frequency caps, priorities
between journeys) belongs into `TIMING`, whose checks answer Hold instead of Skip.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.backoff import ASK_AGAIN_IF_PAUSED
from domain.consents import FREED_BY_CONSENT
from domain.messages import MessageKind


@dataclass(frozen=True, slots=True)
class Go:
    """The message may leave."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The message must not leave, now or later; `reason` goes into the ledger."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: ask again at `until`."""

    until: datetime
    reason: str


Decision = Go | Skip | Hold


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision rests on, read fresh."""

    kind: MessageKind
    now: datetime
    #: None when the customer has been erased or never had an address.
    address: str | None
    is_address_valid: bool = True
    has_consent: bool = False
    #: The mail asks its reader to confirm a consent.
    asks_to_confirm: bool = False
    #: A consent waits to be confirmed.
    is_pending: bool = False
    #: The address was asked lately, or often, by whomever.
    is_asked_enough: bool = False
    #: Why the address is suppressed, per scope that applies to it: `all` or `marketing`.
    suppressed_everywhere: str | None = None
    suppressed_for_marketing: str | None = None
    #: An event that ends the story was accepted already, though the run may not know it yet.
    overtaken_by: str | None = None
    #: The order that the run is about was refunded or cancelled.
    order_is_void: bool = False
    #: When the step stops making sense.
    not_after: datetime | None = None
    is_journey_paused: bool = False
    #: How soon a held message asks again when no other moment is known; real time.
    ask_again_after: timedelta = ASK_AGAIN_IF_PAUSED


def decide(case: Case) -> Decision:
    """Whether the message may leave, and if not, why."""
    for check in (*PERMISSIONS, *TIMING):
        if objection := check(case):
            return objection
    return Go()


def _expired(case: Case) -> Decision | None:
    if case.not_after is not None and case.now > case.not_after:
        return Skip("expired")
    return None


def _overtaken(case: Case) -> Decision | None:
    return Skip(f"overtaken: {case.overtaken_by}") if case.overtaken_by else None


def _void_order(case: Case) -> Decision | None:
    return Skip("order refunded or cancelled") if case.order_is_void else None


def _address(case: Case) -> Decision | None:
    if not case.address:
        return Skip("no address")
    return None if case.is_address_valid else Skip("invalid address")


def _suppressed(case: Case) -> Decision | None:
    if case.kind is MessageKind.INTERNAL:
        return None
    asks_anew = case.asks_to_confirm and case.suppressed_everywhere in FREED_BY_CONSENT
    if case.suppressed_everywhere and not asks_anew:
        return Skip(f"suppressed: {case.suppressed_everywhere}")
    if case.kind is MessageKind.MARKETING and case.suppressed_for_marketing:
        return Skip(f"suppressed: {case.suppressed_for_marketing}")
    return None


def _consent(case: Case) -> Decision | None:
    if case.kind is MessageKind.MARKETING and not case.has_consent:
        return Skip("no consent")
    return None


def _confirmation(case: Case) -> Decision | None:
    if not case.asks_to_confirm:
        return None
    reason = case.suppressed_for_marketing
    if reason and reason not in FREED_BY_CONSENT:
        return Skip(f"suppressed: {reason}")
    if not case.is_pending:
        return Skip("nothing to confirm")
    return Skip("asked for confirmation often enough") if case.is_asked_enough else None


def _paused(case: Case) -> Decision | None:
    if case.is_journey_paused:
        return Hold(case.now + case.ask_again_after, "the journey is paused")
    return None


Check = Callable[[Case], Decision | None]

PERMISSIONS: Final[tuple[Check, ...]] = (
    _expired,
    _overtaken,
    _void_order,
    _address,
    _suppressed,
    _consent,
    _confirmation,
)
TIMING: Final[tuple[Check, ...]] = (_paused,)
