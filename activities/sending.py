"""The send activity: fresh look → policy → claim → provider → record.

One call is one attempt. The ledger decides what a second attempt may do: a message that was
claimed and never concluded may have left, and only a channel that tells repeats apart sends it
again. Everything expected comes back as an outcome; only a missing database raises.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio import activity

from activities.beating import beating
from activities.claiming import Claims, marks_of
from activities.composing import Composer
from activities.verdicts import Circumstances, Claim, Verdict, judge, sent
from domain.errors import Unavailable
from domain.messages import MessageStatus, StepOutcome, StepRequest
from domain.pace import Pace
from sending.channel import Channel, Receipt
from sending.grouping import Grouped
from store.ledger import conclude_all, locked_if_free, mark_runs
from store.overtaking import again_if, is_of_all
from store.sessions import AsyncSession, Database

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
        async with self._database.writing() as session:
            [outcome] = await _record(session, [answer])
        return outcome

    async def _record_together(self, answers: Sequence[_Answer]) -> Sequence[StepOutcome | None]:
        """Record the first answer about each message whose rows nobody else has locked."""
        first: dict[str, _Answer] = {}
        for answer in answers:
            first.setdefault(answer.claim.message_id, answer)
        async with self._database.writing() as session:
            messages = await locked_if_free(session, "message", first)
            runs = {first[message].request.run_id for message in messages}
            free = await locked_if_free(session, "run", runs)
            mine = [first[m] for m in sorted(messages) if first[m].request.run_id in free]
            outcomes = dict(zip(map(id, mine), await _record(session, mine), strict=True))
        return [outcomes.get(id(answer)) for answer in answers]


async def _record(session: AsyncSession, answers: Sequence[_Answer]) -> list[StepOutcome]:
    """Record answers about as many messages; what each story hears."""
    if not answers:
        return []
    known = await conclude_all(session, {a.claim.message_id: a.verdict.changes for a in answers})
    outcomes = [_outcome_of(answer, known[answer.claim.message_id]) for answer in answers]
    marks = [
        {"run_id": answer.request.run_id, **marks_of(answer.request, outcome)}
        for answer, outcome in zip(answers, outcomes, strict=True)
    ]
    await mark_runs(session, marks)
    return outcomes


def _outcome_of(answer: _Answer, status: MessageStatus) -> StepOutcome:
    if status is answer.verdict.changes["status"]:
        return answer.verdict.outcome
    return sent(answer.claim)  # the provider's report overtook its own answer
