"""What runs look up and write down besides sending."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from temporalio import activity

from domain.journeys import RunStatus
from domain.questions import CalmQuestion, MarketingStop, RunEnded, calm_since
from sending.grouping import UNHURRIED, Grouped
from store.calm import moments_of_each
from store.consents import record_consent
from store.customers import customer_by_id, locked_customer
from store.events import moments_of
from store.ledger import mark_free_runs, mark_run
from store.overtaking import is_of_all
from store.sessions import Database
from store.sqlite_driver import on_the_spot
from store.suppressions import suppress


class RecordActivities:
    """Looking up and writing down, with what it needs handed in."""

    def __init__(self, *, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._questions = Grouped(
            self._calm_together, alone=self._calm_alone, apart=UNHURRIED, is_of_all=is_of_all
        )
        self._ends = Grouped(self._end_together, alone=self._end_alone, is_of_all=is_of_all)

    @activity.defn
    async def calm_since(self, question: CalmQuestion) -> datetime:
        """Say when calm was reached, or will be if nothing more happens."""
        return await self._questions.do(question)

    async def _calm_alone(self, question: CalmQuestion) -> datetime:
        """Look up when calm was reached by whoever the customer is now."""
        async with self._database.reading() as session:
            customer = await customer_by_id(session, question.customer_id)
            known_as = customer.id if customer else question.customer_id
            moments = await moments_of(session, known_as, question.since, names=question.events)
        return _calm_since(question, moments)

    async def _calm_together(self, questions: Sequence[CalmQuestion]) -> Sequence[datetime | None]:
        """Look up when calm was reached by customers who are who they were."""
        with on_the_spot():
            async with self._database.reading_once() as session:
                found = await moments_of_each(session, questions)
        return [
            None if moments is None else _calm_since(question, moments)
            for question, moments in zip(questions, found, strict=True)
        ]

    @activity.defn
    async def record_end(self, ended: RunEnded) -> None:
        """Write down how the run ended; the first end that is recorded stays."""
        await self._ends.do(ended)

    async def _end_alone(self, ended: RunEnded) -> bool:
        async with self._database.writing() as session:
            await mark_run(session, **_as_ended(ended))
        return True

    async def _end_together(self, ended: Sequence[RunEnded]) -> Sequence[bool | None]:
        """Write down the ends of runs that nobody else has locked, the first of each."""
        first = {one.run_id: one for one in reversed(ended)}
        async with self._database.writing_once() as session:
            free = await mark_free_runs(session, [_as_ended(one) for one in first.values()])
        return [True if one.run_id in free else None for one in ended]

    @activity.defn
    async def stop_marketing(self, stop: MarketingStop) -> None:
        """Suppress the customer's address for marketing and take back their consent."""
        now = self._now()
        async with self._database.writing() as session:
            customer = await locked_customer(session, stop.customer_id)
            if customer is None:
                return  # erased meanwhile: nobody is left to write to
            if customer.email:
                await suppress(
                    session,
                    customer.email,
                    reason=stop.reason,
                    source=stop.run_id,
                    at=now,
                    scope="marketing",
                )
            await record_consent(
                session,
                customer,
                topic="marketing",
                channel="email",
                granted=False,
                basis="implied",
                source=stop.reason,
                at=now,
                evidence={"run_id": stop.run_id},
            )


def _as_ended(ended: RunEnded) -> dict[str, Any]:
    return {
        "run_id": ended.run_id,
        "status": RunStatus.ENDED,
        "ended_at": ended.ended_at,
        "exit_reason": ended.result.exit_reason,
        "failure": ended.result.failure,
        "waiting_for": None,
        "wakes_at": None,
    }


def _calm_since(question: CalmQuestion, moments: list[datetime]) -> datetime:
    return calm_since(moments, since=question.since, lasting=question.lasting)
