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
OPEN: Final = (MessageStatus.HELD, MessageStatus.SENDING)
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
            taken = {"status": MessageStatus.ACCEPTED, "sent_at": now}
            return Verdict(sent(claim), {**taken, "provider_message_id": provider_id})
        case Rejected(reason):
            return _failed(claim, reason, f"refused by {channel}")
        case Unknown(reason):
            again_at = now + circumstances.pace.of(ASK_AGAIN_IF_UNKNOWN)
            told = f"unknown whether {channel} has it"
            outcome = unknown_outcome(claim.message_id, claim.kind, told, ask_again_at=again_at)
            return Verdict(outcome, {"status": MessageStatus.UNKNOWN, "reason": reason})
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


def unknown_outcome(
    message: str, kind: MessageKind, reason: str, *, ask_again_at: datetime
) -> StepOutcome:
    """Nobody knows whether a mail left: marketing is left at that, the rest is sent once more."""
    if kind is MessageKind.MARKETING:
        return StepOutcome(status=StepStatus.UNKNOWN, reason=reason, message_id=message)
    return StepOutcome(
        status=StepStatus.HELD, reason=reason, until=ask_again_at, message_id=message
    )


def known_outcome(known: tables.Message | None, kind: MessageKind) -> StepOutcome | None:
    """The outcome of a step that was concluded before, if it was."""
    if known is None or known.status in OPEN:
        return None
    status = _ENDS.get(MessageStatus(known.status), StepStatus.SENT)
    if status is StepStatus.UNKNOWN and kind is not MessageKind.MARKETING:
        return None  # worth a repeat
    # A skip's reason is ours; a provider's may name an address, and stays in the ledger.
    reason = known.reason if status is StepStatus.SKIPPED else None
    return StepOutcome(status=status, reason=reason, message_id=known.id, shown=tuple(known.shown))


def sent(claim: Claim) -> StepOutcome:
    """The provider has the message."""
    shown = claim.composition.shown
    return StepOutcome(status=StepStatus.SENT, message_id=claim.message_id, shown=shown)


def _failed(claim: Claim, reason: str, told: str) -> Verdict:
    outcome = StepOutcome(status=StepStatus.FAILED, reason=told, message_id=claim.message_id)
    return Verdict(outcome, {"status": MessageStatus.FAILED, "reason": reason})
