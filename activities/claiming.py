"""Claiming a message: fresh look → policy → mail → claim, in one transaction for all who ask.

Those who ask while others are being claimed are claimed together, next. Where anything is not as
usual, an error above all, each is claimed by itself, as if nobody else had asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from temporalio.exceptions import ApplicationError

from activities.choosing import NothingToShow
from activities.composing import Composer, Composition
from activities.looking import Look
from activities.verdicts import Claim, doubtful, is_repeat, known_outcome
from domain.backoff import ASK_AGAIN_IF_UNKNOWN
from domain.errors import NotFound
from domain.journeys import RunStatus
from domain.messages import MessageKind, MessageStatus, StepOutcome, StepRequest, StepStatus
from domain.pace import Pace
from domain.policy import Decision, Hold, Skip, decide
from sending.channel import Channel
from sending.grouping import UNHURRIED, Grouped
from sending.rendering import TemplateError
from store import tables
from store.ledger import Entries
from store.overtaking import is_of_all
from store.reading_together import records_together
from store.sessions import AsyncSession, Database
from store.step_records import StepRecords, records_for

#: A message in one of these may have left already.
_IN_DOUBT: Final = (MessageStatus.SENDING, MessageStatus.UNKNOWN)

#: A message that may leave now, or why it does not.
Claimed = Claim | StepOutcome


@dataclass(frozen=True, slots=True)
class _Step:
    """A step under a lock: what is on record of it, and what is to be written."""

    session: AsyncSession
    entries: Entries
    request: StepRequest
    records: StepRecords

    def mark_run(self, outcome: StepOutcome) -> None:
        """Let the run's row say where it is."""
        self.entries.mark_run(self.records.run.id, **marks_of(self.request, outcome))


def marks_of(request: StepRequest, outcome: StepOutcome) -> dict[str, str]:
    """What a run's row says after a step had this outcome."""
    status = RunStatus.HELD if outcome.status is StepStatus.HELD else RunStatus.WAITING
    return {"step": request.step, "status": status}


class Claims:
    """Claiming, with what it needs handed in."""

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
        self._grouped = Grouped(
            self._claim_together, alone=self._claim_alone, apart=UNHURRIED, is_of_all=is_of_all
        )

    async def claim(self, request: StepRequest) -> Claimed:
        """Claim the step's message, or say why it does not leave now.

        Raises ApplicationError for an unknown run, Unavailable without a database.
        """
        return await self._grouped.do(request)

    async def _claim_together(self, requests: Sequence[StepRequest]) -> Sequence[Claimed | None]:
        """Claim those that are as most are; None for each that has to be claimed alone."""
        entries = Entries()
        shows = self._composer.templates.shows
        async with self._database.writing() as session:
            found = await records_together(session, requests, shows=shows, now=self._now())
            claimed = [
                await self._decide(_Step(session, entries, request, records)) if records else None
                for request, records in zip(requests, found, strict=True)
            ]
            await entries.write(session)
        return claimed

    async def _claim_alone(self, request: StepRequest) -> Claimed:
        entries = Entries()
        async with self._database.writing() as session:
            try:
                records = await records_for(session, request)
            except NotFound as error:
                raise ApplicationError(
                    str(error), type="unknown-run", non_retryable=True
                ) from error
            claimed = await self._decide(_Step(session, entries, request, records))
            await entries.write(session)
        return claimed

    async def _decide(self, step: _Step) -> Claimed:
        records, request = step.records, step.request
        try:
            kind = self._composer.templates.kind_of(records.run.journey, request.step)
        except TemplateError as error:  # the story names a mail that nobody wrote
            return self._give_up(step, MessageKind.MARKETING, error)
        if known := known_outcome(records.message):
            return known
        look = Look(self._composer, self._pace, self._now())
        decision = decide(await look.at(step.session, records, request, kind))
        if isinstance(decision, Skip | Hold) or self._may_have_left(records):
            return self._object(step, kind, decision)
        return await self._compose(step, kind)

    def _may_have_left(self, records: StepRecords) -> bool:
        """Whether an earlier attempt may have reached a provider that would send it again."""
        known = records.message
        return (
            known is not None
            and known.status == MessageStatus.SENDING
            and not self._channel.repeats_are_safe
        )

    def _object(self, step: _Step, kind: MessageKind, decision: Decision) -> StepOutcome:
        """Write down why the message does not leave now."""
        known = step.records.message
        if isinstance(decision, Hold) and not (known and known.status == MessageStatus.SENDING):
            return self._hold(step, kind, decision)
        if known and known.status in _IN_DOUBT:
            return self._doubt(step, known, kind)
        reason = decision.reason if isinstance(decision, Skip) else "nothing to show"
        message = self._note(step, kind, status=MessageStatus.SKIPPED, reason=reason)
        outcome = StepOutcome(status=StepStatus.SKIPPED, reason=reason, message_id=message)
        step.mark_run(outcome)
        return outcome

    def _hold(self, step: _Step, kind: MessageKind, hold: Hold) -> StepOutcome:
        message = self._note(
            step, kind, status=MessageStatus.HELD, reason=hold.reason, held_until=hold.until
        )
        outcome = StepOutcome(
            status=StepStatus.HELD, reason=hold.reason, until=hold.until, message_id=message
        )
        step.mark_run(outcome)
        return outcome

    def _doubt(self, step: _Step, known: tables.Message, kind: MessageKind) -> StepOutcome:
        """An earlier attempt broke off with the provider: nobody knows whether the mail left."""
        reason = "an earlier attempt broke off while the provider was being called"
        may_repeat = kind is not MessageKind.MARKETING and not is_repeat(known)
        again_at = self._now() + self._pace.of(ASK_AGAIN_IF_UNKNOWN) if may_repeat else None
        message = self._note(
            step,
            kind,
            status=MessageStatus.UNKNOWN,
            reason=known.reason or reason,
            shown=known.shown,
            held_until=again_at,
        )
        outcome = doubtful(message, reason, again_at=again_at)
        step.mark_run(outcome)
        return outcome

    async def _compose(self, step: _Step, kind: MessageKind) -> Claimed:
        try:
            composition = await self._composer.compose(
                step.session, step.records, step.request, self._now()
            )
        except NothingToShow as nothing:
            return self._object(step, kind, Skip(str(nothing)))
        except TemplateError as error:
            return self._give_up(step, kind, error)
        return self._write_claim(step, kind, composition)

    def _give_up(self, step: _Step, kind: MessageKind, error: TemplateError) -> StepOutcome:
        told = "the mail cannot be rendered"
        # What went wrong may quote what the customer is called: the story never hears it.
        reason = f"{told}: {error}"
        message = self._note(step, kind, status=MessageStatus.FAILED, reason=reason)
        outcome = StepOutcome(status=StepStatus.FAILED, reason=told, message_id=message)
        step.mark_run(outcome)
        return outcome

    def _write_claim(self, step: _Step, kind: MessageKind, composition: Composition) -> Claim:
        known, mail = step.records.message, composition.mail
        claim = Claim(
            mail.message_id,
            kind,
            attempts=1 + (known.attempts if known else 0),
            composition=composition,
            is_repeat=is_repeat(known),
        )
        self._note(
            step,
            kind,
            status=MessageStatus.SENDING,
            reason=None,
            attempts=claim.attempts,
            provider=self._channel.name,
            to_address=mail.to_address,
            locale=composition.rendered.locale,
            subject=composition.rendered.subject,
            shown=list(composition.shown),
            claimed_at=self._now(),
            held_until=known.held_until if known and claim.is_repeat else None,
        )
        step.entries.keep_content(
            mail.message_id, html=mail.html, text=mail.text, headers=mail.headers
        )
        return claim

    def _note(self, step: _Step, kind: MessageKind, **changes: Any) -> str:
        """Have it written what is known of the step's message now; returns the message's id."""
        return step.entries.note(step.records, step.request, kind=kind, now=self._now(), **changes)
