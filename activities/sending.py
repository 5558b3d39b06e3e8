"""The send activity: fresh look → policy → claim → provider → record.

One call is one attempt. The ledger decides what a second attempt may do: a message that was
claimed and never concluded may have left, and only a channel that tells repeats apart sends it
again. Everything expected comes back as an outcome; only a missing database raises.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import random
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.composing import Composer, Composition, NothingToShow
from domain.addresses import is_deliverable
from domain.backoff import ASK_AGAIN_IF_UNKNOWN, GIVE_UP_AFTER, back_off
from domain.errors import NotFound
from domain.journeys import RunStatus
from domain.messages import MessageKind, MessageStatus, StepOutcome, StepRequest, StepStatus
from domain.pace import Pace
from domain.policy import Case, Decision, Hold, Skip, decide
from sending.channel import Accepted, Channel, Receipt, Rejected, TryLater, Unknown
from sending.rendering import TemplateError
from store.ledger import StepRecords, conclude, keep_content, mark_run, note, records_for
from store.sessions import AsyncSession, Database

_OPEN: Final = (MessageStatus.HELD, MessageStatus.SENDING)
_ENDS: Final = {
    MessageStatus.SKIPPED: StepStatus.SKIPPED,
    MessageStatus.FAILED: StepStatus.FAILED,
    MessageStatus.UNKNOWN: StepStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that this attempt may hand to the provider."""

    message_id: str
    kind: MessageKind
    attempts: int
    composition: Composition


class SendActivities:
    """Sending, with what it needs handed in."""

    def __init__(
        self,
        *,
        database: Database,
        composer: Composer,
        channel: Channel,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._database, self._composer, self._channel = database, composer, channel
        self._pace, self._now = pace, now

    @activity.defn
    async def send_message(self, request: StepRequest) -> StepOutcome:
        """Send a step's message, or say why not; safe to call again after any crash."""
        claim = await self._claim(request)
        if isinstance(claim, StepOutcome):
            return claim
        receipt = await self._channel.send(claim.composition.mail)
        return await self._record(request, claim, receipt)

    async def _claim(self, request: StepRequest) -> _Claim | StepOutcome:
        async with self._database.writing() as session:
            try:
                records = await records_for(session, request)
            except NotFound as error:
                raise ApplicationError(
                    str(error), type="unknown-run", non_retryable=True
                ) from error
            kind = self._composer.templates.kind_of(records.run.journey, request.step)
            if known := _known_outcome(records, kind):
                return known
            decision = decide(self._case(records, kind))
            if isinstance(decision, Skip | Hold) or self._may_have_left(records):
                return await self._object(session, records, request, kind, decision)
            return await self._compose(session, records, request, kind)

    def _may_have_left(self, records: StepRecords) -> bool:
        """Whether an earlier attempt may have reached a provider that would send it again."""
        known = records.message
        return (
            known is not None
            and known.status == MessageStatus.SENDING
            and not self._channel.repeats_are_safe
        )

    def _case(self, records: StepRecords, kind: MessageKind) -> Case:
        customer = records.customer
        is_internal = kind is MessageKind.INTERNAL
        address = self._composer.shop.context.support_email if is_internal else customer.email
        return Case(
            kind=kind,
            now=self._now(),
            address=None if customer.erased_at else address,
            is_address_valid=is_deliverable(address or ""),
            has_consent="email" in customer.consents.get("marketing", ()),
            suppressed_everywhere=records.suppressed.get("all"),
            suppressed_for_marketing=records.suppressed.get("marketing"),
            overtaken_by=records.overtaken_by,
            order_is_void=records.order_is_void and kind is MessageKind.MARKETING,
            is_journey_paused=records.is_journey_paused,
        )

    async def _object(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        decision: Decision,
    ) -> StepOutcome:
        """Write down why the message does not leave now."""
        if records.message and records.message.status == MessageStatus.SENDING:
            return await self._doubt(session, records, request, kind)
        if isinstance(decision, Hold):
            return await self._hold(session, records, request, kind, decision)
        reason = decision.reason if isinstance(decision, Skip) else "nothing to show"
        status = MessageStatus.SKIPPED
        message = await note(
            session, records, request, kind=kind, now=self._now(), status=status, reason=reason
        )
        await mark_run(session, records.run.id, step=request.step, status=RunStatus.WAITING)
        return StepOutcome(status=StepStatus.SKIPPED, reason=reason, message_id=message)

    async def _hold(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        hold: Hold,
    ) -> StepOutcome:
        message = await note(
            session,
            records,
            request,
            kind=kind,
            now=self._now(),
            status=MessageStatus.HELD,
            reason=hold.reason,
            held_until=hold.until,
        )
        await mark_run(session, records.run.id, step=request.step, status=RunStatus.HELD)
        return StepOutcome(
            status=StepStatus.HELD, reason=hold.reason, until=hold.until, message_id=message
        )

    async def _doubt(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, kind: MessageKind
    ) -> StepOutcome:
        """An earlier attempt broke off with the provider: nobody knows whether the mail left."""
        reason = "an earlier attempt broke off while the provider was being called"
        message = await note(
            session,
            records,
            request,
            kind=kind,
            now=self._now(),
            status=MessageStatus.UNKNOWN,
            reason=reason,
        )
        return self._unknown(message, kind, reason)

    def _unknown(self, message: str, kind: MessageKind, reason: str) -> StepOutcome:
        if kind is MessageKind.MARKETING:
            return StepOutcome(status=StepStatus.UNKNOWN, reason=reason, message_id=message)
        until = self._now() + self._pace.of(ASK_AGAIN_IF_UNKNOWN)
        return StepOutcome(status=StepStatus.HELD, reason=reason, until=until, message_id=message)

    async def _compose(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, kind: MessageKind
    ) -> _Claim | StepOutcome:
        now = self._now()
        try:
            composition = await self._composer.compose(session, records, request, now)
        except NothingToShow:
            return await self._object(session, records, request, kind, Skip("nothing to show"))
        except TemplateError as error:
            reason = f"the mail cannot be rendered: {error}"
            message = await note(
                session,
                records,
                request,
                kind=kind,
                now=now,
                status=MessageStatus.FAILED,
                reason=reason,
            )
            return StepOutcome(status=StepStatus.FAILED, reason=reason, message_id=message)
        attempts = 1 + (records.message.attempts if records.message else 0)
        await self._write_claim(session, records, request, kind, composition, attempts)
        return _Claim(composition.mail.message_id, kind, attempts, composition)

    async def _write_claim(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        composition: Composition,
        attempts: int,
    ) -> None:
        mail, rendered, now = composition.mail, composition.rendered, self._now()
        await note(
            session,
            records,
            request,
            kind=kind,
            now=now,
            status=MessageStatus.SENDING,
            reason=None,
            attempts=attempts,
            provider=self._channel.name,
            to_address=mail.to_address,
            locale=rendered.locale,
            subject=rendered.subject,
            shown=list(composition.shown),
            claimed_at=now,
            held_until=None,
        )
        await keep_content(
            session, mail.message_id, html=mail.html, text=mail.text, headers=mail.headers
        )

    async def _record(self, request: StepRequest, claim: _Claim, receipt: Receipt) -> StepOutcome:
        now = self._now()
        outcome, changes = self._judge(request, claim, receipt, now)
        held = outcome.status is StepStatus.HELD
        async with self._database.writing() as session:
            status = await conclude(session, claim.message_id, **changes)
            run_status = RunStatus.HELD if held else RunStatus.WAITING
            await mark_run(session, request.run_id, step=request.step, status=run_status)
        if held and status not in _OPEN and status is not MessageStatus.UNKNOWN:
            return _sent(claim)  # the provider's report overtook its own answer
        return outcome

    def _judge(
        self, request: StepRequest, claim: _Claim, receipt: Receipt, now: datetime
    ) -> tuple[StepOutcome, dict[str, Any]]:
        """The outcome for the story, and the ledger's changes."""
        match receipt:
            case Accepted(provider_message_id):
                return _sent(claim), {
                    "status": MessageStatus.ACCEPTED,
                    "sent_at": now,
                    "provider_message_id": provider_message_id,
                }
            case Rejected(reason):
                return _failed(claim, reason, f"refused by {self._channel.name}")
            case Unknown(reason):
                told = f"unknown whether {self._channel.name} has it"
                outcome = self._unknown(claim.message_id, claim.kind, told)
                return outcome, {"status": MessageStatus.UNKNOWN, "reason": reason}
            case TryLater():
                return self._later(request, claim, receipt, now)

    def _later(
        self, request: StepRequest, claim: _Claim, receipt: TryLater, now: datetime
    ) -> tuple[StepOutcome, dict[str, Any]]:
        pause = self._pace.of(back_off(claim.attempts, spread=random()))  # noqa: S311 - jitter
        until = now + max(pause, receipt.after or pause)
        if until > request.asked_at + self._pace.of(GIVE_UP_AFTER):
            return _failed(claim, receipt.reason, f"{self._channel.name} did not take it for days")
        told = f"{self._channel.name} does not take it now"
        outcome = StepOutcome(
            status=StepStatus.HELD, reason=told, until=until, message_id=claim.message_id
        )
        changes = {"status": MessageStatus.HELD, "reason": receipt.reason, "held_until": until}
        return outcome, changes


def _known_outcome(records: StepRecords, kind: MessageKind) -> StepOutcome | None:
    """The outcome of a step that was concluded before, if it was."""
    known = records.message
    if known is None or known.status in _OPEN:
        return None
    status = _ENDS.get(MessageStatus(known.status), StepStatus.SENT)
    if status is StepStatus.UNKNOWN and kind is not MessageKind.MARKETING:
        return None  # worth a repeat
    return StepOutcome(
        status=status, reason=known.reason, message_id=known.id, shown=tuple(known.shown)
    )


def _sent(claim: _Claim) -> StepOutcome:
    return StepOutcome(
        status=StepStatus.SENT, message_id=claim.message_id, shown=claim.composition.shown
    )


def _failed(claim: _Claim, reason: str, told: str) -> tuple[StepOutcome, dict[str, Any]]:
    """The ledger keeps the provider's own words; the story, free of addresses, only ours."""
    outcome = StepOutcome(status=StepStatus.FAILED, reason=told, message_id=claim.message_id)
    return outcome, {"status": MessageStatus.FAILED, "reason": reason}
