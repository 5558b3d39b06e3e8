"""The send activity: fresh look → policy → claim → provider → record.

One call is one attempt. The ledger decides what a second attempt may do: a message that was
claimed and never concluded may have left, and only a channel that tells repeats apart sends it
again. Everything expected comes back as an outcome; only a missing database raises.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from temporalio import activity

from activities.beating import beating
from activities.claiming import Claims, marks_of
from activities.composing import Composer
from activities.verdicts import Circumstances, Claim, Verdict, judge, sent
from domain.errors import Unavailable
from domain.messages import StepOutcome, StepRequest
from domain.pace import Pace
from sending.channel import Channel, Receipt
from sending.grouping import Grouped
from store.ledger import conclude_all, conclude_free, mark_run
from store.overtaking import again_if, is_of_all
from store.sessions import Database

#: What the provider answered is known here alone: a database that is away for a moment is waited
#: for, in seconds, so that the next attempt is not left to doubt.
_RECORDS_AGAIN: Final = (0.25, 0.5, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a provider said to a claimed message, and what that means."""

    request: StepRequest
    claim: Claim
    verdict: Verdict


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
        self._database, self._channel, self._pace, self._now = database, channel, pace, now
        self._claims = Claims(
            database=database, composer=composer, channel=channel, pace=pace, now=now
        )
        self._answers = Grouped(
            self._record_together, alone=self._record_alone, is_of_all=is_of_all
        )

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
        with beating():
            claim = await self._claims.claim(request)
            if isinstance(claim, StepOutcome):
                return claim
            receipt = await self._channel.send(claim.composition.mail)
            return await self._record(request, claim, receipt)

    async def _record(self, request: StepRequest, claim: Claim, receipt: Receipt) -> StepOutcome:
        now = self._now()
        verdict = judge(receipt, claim, request, Circumstances(self._channel.name, self._pace, now))
        answer = _Answer(request, claim, verdict)

        async def record() -> StepOutcome:
            return await self._answers.do(answer)

        return await again_if(Unavailable, record, pauses=_RECORDS_AGAIN)

    async def _record_alone(self, answer: _Answer) -> StepOutcome:
        claim, verdict = answer.claim, answer.verdict
        async with self._database.writing() as session:
            known = await conclude_all(session, {claim.message_id: verdict.changes})
            # A provider's report may have overtaken its own answer.
            is_as_told = known[claim.message_id] is verdict.changes["status"]
            outcome = verdict.outcome if is_as_told else sent(claim)
            await mark_run(session, answer.request.run_id, **marks_of(answer.request, outcome))
        return outcome

    async def _record_together(self, answers: Sequence[_Answer]) -> Sequence[StepOutcome | None]:
        """Record the first answer about each message of which nothing else is known yet."""
        first: dict[str, _Answer] = {}
        for answer in answers:
            first.setdefault(answer.claim.message_id, answer)
        async with self._database.writing_once() as session:
            recorded = await conclude_free(session, {m: _news(one) for m, one in first.items()})
        mine = {id(first[message]) for message in recorded}
        return [answer.verdict.outcome if id(answer) in mine else None for answer in answers]


def _news(answer: _Answer) -> dict[str, Any]:
    """What an answer tells of its message and its run."""
    mark = marks_of(answer.request, answer.verdict.outcome)
    run = {"run_id": answer.request.run_id, "step": mark["step"], "run_status": mark["status"]}
    return {**answer.verdict.changes, **run}
