"""The send activity: fresh look → policy → claim → provider → record.

One call is one attempt. The ledger decides what a second attempt may do: a message that was
claimed and never concluded may have left, and only a channel that tells repeats apart sends it
again. Everything expected comes back as an outcome; only a missing database raises.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import beating
from activities.choosing import NothingToShow
from activities.composing import Composer
from activities.looking import Look
from activities.verdicts import (
    Circumstances,
    Claim,
    doubtful,
    is_repeat,
    judge,
    known_outcome,
    sent,
)
from domain.backoff import ASK_AGAIN_IF_UNKNOWN
from domain.errors import NotFound, Unavailable
from domain.journeys import RunStatus
from domain.messages import MessageKind, MessageStatus, StepOutcome, StepRequest, StepStatus
from domain.pace import Pace
from domain.policy import Decision, Hold, Skip, decide
from sending.channel import Channel, Receipt
from sending.rendering import TemplateError
from store import tables
from store.ledger import (
    StepRecords,
    conclude,
    keep_content,
    mark_run,
    note,
    records_for,
)
from store.overtaking import again_if
from store.sessions import AsyncSession, Database

#: A message in one of these may have left already.
_IN_DOUBT: Final = (MessageStatus.SENDING, MessageStatus.UNKNOWN)

#: What the provider answered is known here alone: a database that is away for a moment is waited
#: for, in seconds, so that the next attempt is not left to doubt.
_RECORDS_AGAIN: Final = (0.25, 0.5, 1, 2, 4, 8)


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
        """Send a step's message, or say why not; safe to call again after any crash.

        A run that is cancelled or terminated meanwhile does not interrupt it: a mail in flight is
        finished and recorded first.
        """
        attempt = asyncio.create_task(self._attempt(request))
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError:
            await asyncio.wait([attempt])
            raise

    async def _attempt(self, request: StepRequest) -> StepOutcome:
        async with beating():
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
            try:
                kind = self._composer.templates.kind_of(records.run.journey, request.step)
            except TemplateError as error:  # the story names a mail that nobody wrote
                return await self._give_up(session, records, request, MessageKind.MARKETING, error)
            if known := known_outcome(records.message):
                return known
            look = Look(self._composer, self._pace, self._now())
            decision = decide(await look.at(session, records, request, kind))
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

    async def _object(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        decision: Decision,
    ) -> StepOutcome:
        """Write down why the message does not leave now."""
        known = records.message
        if isinstance(decision, Hold) and not (known and known.status == MessageStatus.SENDING):
            return await self._hold(session, records, request, kind, decision)
        if known and known.status in _IN_DOUBT:
            return await self._doubt(session, records, known, request, kind)
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
        self,
        session: AsyncSession,
        records: StepRecords,
        known: tables.Message,
        request: StepRequest,
        kind: MessageKind,
    ) -> StepOutcome:
        """An earlier attempt broke off with the provider: nobody knows whether the mail left."""
        reason = "an earlier attempt broke off while the provider was being called"
        now = self._now()
        may_repeat = kind is not MessageKind.MARKETING and not is_repeat(known)
        again_at = now + self._pace.of(ASK_AGAIN_IF_UNKNOWN) if may_repeat else None
        message = await note(
            session,
            records,
            request,
            kind=kind,
            now=now,
            status=MessageStatus.UNKNOWN,
            reason=known.reason or reason,
            shown=known.shown,
            held_until=again_at,
        )
        outcome = doubtful(message, reason, again_at=again_at)
        await self._mark(session, records.run.id, outcome, request)
        return outcome

    async def _compose(
        self, session: AsyncSession, records: StepRecords, request: StepRequest, kind: MessageKind
    ) -> Claim | StepOutcome:
        now = self._now()
        try:
            composition = await self._composer.compose(session, records, request, now)
        except NothingToShow as nothing:
            return await self._object(session, records, request, kind, Skip(str(nothing)))
        except TemplateError as error:
            return await self._give_up(session, records, request, kind, error)
        known = records.message
        claim = Claim(
            composition.mail.message_id,
            kind,
            attempts=1 + (known.attempts if known else 0),
            composition=composition,
            is_repeat=is_repeat(known),
        )
        await self._write_claim(session, records, request, claim)
        return claim

    async def _give_up(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        kind: MessageKind,
        error: TemplateError,
    ) -> StepOutcome:
        told = "the mail cannot be rendered"
        message = await note(
            session,
            records,
            request,
            kind=kind,
            now=self._now(),
            status=MessageStatus.FAILED,
            # What went wrong may quote what the customer is called: the story never hears it.
            reason=f"{told}: {error}",
        )
        outcome = StepOutcome(status=StepStatus.FAILED, reason=told, message_id=message)
        await self._mark(session, records.run.id, outcome, request)
        return outcome

    async def _write_claim(
        self,
        session: AsyncSession,
        records: StepRecords,
        request: StepRequest,
        claim: Claim,
    ) -> None:
        composition, now, known = claim.composition, self._now(), records.message
        mail, rendered = composition.mail, composition.rendered
        await note(
            session,
            records,
            request,
            kind=claim.kind,
            now=now,
            status=MessageStatus.SENDING,
            reason=None,
            attempts=claim.attempts,
            provider=self._channel.name,
            to_address=mail.to_address,
            locale=rendered.locale,
            subject=rendered.subject,
            shown=list(composition.shown),
            claimed_at=now,
            held_until=known.held_until if known and claim.is_repeat else None,
        )
        await keep_content(
            session, mail.message_id, html=mail.html, text=mail.text, headers=mail.headers
        )

    async def _record(self, request: StepRequest, claim: Claim, receipt: Receipt) -> StepOutcome:
        now = self._now()
        verdict = judge(receipt, claim, request, Circumstances(self._channel.name, self._pace, now))

        async def write() -> StepOutcome:
            outcome, changes = verdict.outcome, verdict.changes
            async with self._database.writing() as session:
                status = await conclude(session, claim.message_id, **changes)
                if status is not changes["status"]:
                    outcome = sent(claim)  # the provider's report overtook its own answer
                await self._mark(session, request.run_id, outcome, request)
            return outcome

        return await again_if(Unavailable, write, pauses=_RECORDS_AGAIN)

    async def _mark(
        self, session: AsyncSession, run_id: str, outcome: StepOutcome, request: StepRequest
    ) -> None:
        status = RunStatus.HELD if outcome.status is StepStatus.HELD else RunStatus.WAITING
        await mark_run(session, run_id, step=request.step, status=status)
