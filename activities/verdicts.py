"""Verdicts: what a receipt, or an earlier attempt, means for the story and the ledger."""

from dataclasses import dataclass, field
from datetime import datetime
from random import random
from typing import Any, Final

from activities.composing import Composition
from domain.backoff import ASK_AGAIN_IF_UNKNOWN, GIVE_UP_AFTER, back_off
from domain.messages import MessageKind, MessageStatus, StepOutcome, StepRequest, StepStatus
from domain.pace import Pace
from sending.channel import Accepted, Receipt, Rejected, TryLater, Unknown
from store import tables

#: A message in one of these may still be sent.
_OPEN: Final = (MessageStatus.HELD, MessageStatus.SENDING)
_ENDS: Final = {
    MessageStatus.SKIPPED: StepStatus.SKIPPED,
    MessageStatus.FAILED: StepStatus.FAILED,
    MessageStatus.UNKNOWN: StepStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this attempt may hand to the provider."""

    message_id: str
    kind: MessageKind
    attempts: int
    composition: Composition
    #: An earlier attempt may have reached the provider: there is no third.
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a receipt was given."""

    channel: str
    pace: Pace
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for the story, and what changes in the ledger.

    The ledger keeps the provider's own words; the story, free of addresses, only ours.
    """

    outcome: StepOutcome
    changes: dict[str, Any] = field(default_factory=dict)


def judge(
    receipt: Receipt, claim: Claim, request: StepRequest, circumstances: Circumstances
) -> Verdict:
    """What a receipt means."""
    channel, now = circumstances.channel, circumstances.now
    match receipt:
        case Accepted(provider_id):
            taken = {"status": MessageStatus.ACCEPTED, "sent_at": now, "held_until": None}
            return Verdict(sent(claim), {**taken, "provider_message_id": provider_id})
        case Rejected(reason):
            return _failed(claim, reason, f"refused by {channel}")
        case Unknown(reason):
            again_at = now + circumstances.pace.of(ASK_AGAIN_IF_UNKNOWN)
            told = f"unknown whether {channel} has it"
            may_repeat = claim.kind is not MessageKind.MARKETING and not claim.is_repeat
            outcome = doubtful(claim.message_id, told, again_at=again_at if may_repeat else None)
            left_open = {"status": MessageStatus.UNKNOWN, "held_until": outcome.until}
            return Verdict(outcome, {**left_open, "reason": reason})
        case TryLater():
            return _later(receipt, claim, request, circumstances)


def _later(
    receipt: TryLater, claim: Claim, request: StepRequest, circumstances: Circumstances
) -> Verdict:
    channel, pace = circumstances.channel, circumstances.pace
    pause = pace.of(back_off(claim.attempts, spread=random()))  # noqa: S311 - jitter
    until = circumstances.now + max(pause, receipt.after or pause)
    if until > request.asked_at + pace.of(GIVE_UP_AFTER):
        return _failed(claim, receipt.reason, f"{channel} did not take it for days")
    outcome = StepOutcome(
        status=StepStatus.HELD,
        reason=f"{channel} does not take it now",
        until=until,
        message_id=claim.message_id,
    )
    held = {"status": MessageStatus.HELD, "reason": receipt.reason, "held_until": until}
    return Verdict(outcome, held)


def doubtful(message: str, reason: str, *, again_at: datetime | None) -> StepOutcome:
    """Nobody knows whether a mail left: it is left at that, or sent once more at `again_at`."""
    status = StepStatus.HELD if again_at else StepStatus.UNKNOWN
    return StepOutcome(status=status, reason=reason, until=again_at, message_id=message)


def is_repeat(known: tables.Message | None) -> bool:
    """Whether the message was left in doubt, to be sent once more.

    It keeps the moment of that repeat, also while it is being repeated.
    """
    doubts = (MessageStatus.UNKNOWN, MessageStatus.SENDING)
    return known is not None and known.status in doubts and known.held_until is not None


def known_outcome(known: tables.Message | None) -> StepOutcome | None:
    """The outcome of a step that was concluded before, if it was."""
    if known is None or known.status in _OPEN or is_repeat(known):
        return None
    status = _ENDS.get(MessageStatus(known.status), StepStatus.SENT)
    # A skip's reason is ours; a provider's may name an address, and stays in the ledger.
    reason = known.reason if status is StepStatus.SKIPPED else None
    return StepOutcome(status=status, reason=reason, message_id=known.id, shown=tuple(known.shown))


def sent(claim: Claim) -> StepOutcome:
    """The provider has the message."""
    shown = claim.composition.shown
    return StepOutcome(status=StepStatus.SENT, message_id=claim.message_id, shown=shown)


def _failed(claim: Claim, reason: str, told: str) -> Verdict:
    outcome = StepOutcome(status=StepStatus.FAILED, reason=told, message_id=claim.message_id)
    failed = {"status": MessageStatus.FAILED, "reason": reason, "held_until": None}
    return Verdict(outcome, failed)
