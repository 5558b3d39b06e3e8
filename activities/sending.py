"""The send activity: fresh look → policy → claim → provider → record.

One call is one attempt. The ledger decides what a second attempt may do: a message that was
claimed and never concluded may have left, and only a channel that tells repeats apart sends it
again. Everything expected comes back as an outcome; only a missing database raises.
"""

from collections.abc import Callable
from datetime import datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.composing import Composer, Composition, NothingToShow
from activities.verdicts import (
    OPEN,
    Circumstances,
    Claim,
    judge,
    known_outcome,
    sent,
    unknown_outcome,
)
from domain.addresses import is_deliverable
from domain.backoff import ASK_AGAIN_IF_UNKNOWN
from domain.errors import NotFound
from domain.journeys import RunStatus
from domain.messages import MessageKind, MessageStatus, StepOutcome, StepRequest, StepStatus
from domain.pace import Pace
from domain.policy import Case, Decision, Hold, Skip, decide
from sending.channel import Channel, Receipt
from sending.rendering import TemplateError
from store.ledger import StepRecords, conclude, keep_content, mark_run, note, records_for
from store.sessions import AsyncSession, Database


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

    async def _claim(self, request: StepRequest) -> Claim | StepOutcome:
        async with self._database.writing() as session:
            try:
                records = await records_for(session, request)
            except NotFound as error:
                raise ApplicationError(
                    str(error), type="unknown-run", non_retryable=True
                ) from error
            kind = self._composer.templates.kind_of(records.run.journey, request.step)
            if known := known_outcome(records.message, kind):
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
        return unknown_outcome(message, kind, reason, ask_again_at=self._ask_again_at())

    def _ask_again_at(self) -> datetime:
        return self._now() + self._pace.of(ASK_AGAIN_IF_UNKNOWN)

    async def _compose(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, kind: MessageKind
    ) -> Claim | StepOutcome:
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
        return Claim(composition.mail.message_id, kind, attempts, composition)

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

    async def _record(self, request: StepRequest, claim: Claim, receipt: Receipt) -> StepOutcome:
        now = self._now()
        verdict = judge(receipt, claim, request, Circumstances(self._channel.name, self._pace, now))
        outcome, changes = verdict.outcome, verdict.changes
        held = outcome.status is StepStatus.HELD
        async with self._database.writing() as session:
            status = await conclude(session, claim.message_id, **changes)
            run_status = RunStatus.HELD if held else RunStatus.WAITING
            await mark_run(session, request.run_id, step=request.step, status=run_status)
        if held and status not in OPEN and status is not MessageStatus.UNKNOWN:
            return sent(claim)  # the provider's report overtook its own answer
        return outcome
