"""What runs look up and write down besides sending."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.records import RecordActivities
from domain.events import BROWSING
from domain.journeys import JourneyResult, RunStatus
from domain.questions import CalmQuestion, MarketingStop, RunEnded
from store import tables
from store.suppressions import suppressions_of
from tests.activities.conftest import Desk
from tests.fakes.rows import NOON, ada, event, run

HOUR = timedelta(hours=1)


@pytest.fixture
def records(desk: Desk) -> RecordActivities:
    return RecordActivities(database=desk.database, now=desk.clock)


class TestCalm:
    QUESTION = CalmQuestion(
        customer_id="cus_visitor", events=BROWSING.events, since=NOON, lasting=2 * HOUR
    )

    async def asked(self, records: RecordActivities) -> timedelta:
        return await ActivityEnvironment().run(records.calm_since, self.QUESTION) - NOON

    async def test_is_counted_from_the_last_thing_that_happened(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has(
            ada(id="cus_visitor"),
            event("look", NOON + HOUR, customer_id="cus_visitor"),
            event("order", NOON + 2 * HOUR, name="Order Completed", customer_id="cus_visitor"),
        )

        assert await self.asked(records) == 3 * HOUR

    async def test_is_broken_by_what_the_survivor_of_a_merge_does(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has(
            ada(),
            ada(id="cus_browser", external_id="b", merged_into="cus_ada"),
            ada(id="cus_visitor", external_id="v", merged_into="cus_browser"),
            event("look", NOON + HOUR),
        )

        assert await self.asked(records) == 3 * HOUR

    async def test_is_each_one_s_own_when_several_ask_at_once(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has(
            ada(id="cus_quick"),
            ada(id="cus_slow", external_id="s"),
            event("look", NOON + HOUR, customer_id="cus_quick"),
            event("early look", NOON + HOUR, customer_id="cus_slow"),
            event("late look", NOON + 3 * HOUR, customer_id="cus_slow"),
        )
        asked = {"events": BROWSING.events, "lasting": 2 * HOUR}
        quick = CalmQuestion(customer_id="cus_quick", since=NOON, **asked)
        slow = CalmQuestion(customer_id="cus_slow", since=NOON + 2 * HOUR, **asked)

        moments = await asyncio.gather(
            *(ActivityEnvironment().run(records.calm_since, q) for q in (quick, slow))
        )

        assert [moment - NOON for moment in moments] == [3 * HOUR, 5 * HOUR]

    async def test_comes_to_an_erased_customer(self, desk: Desk, records: RecordActivities) -> None:
        await desk.has(ada(id="cus_visitor", erased_at=NOON))

        assert await self.asked(records) == 2 * HOUR


class TestTheEndOfARun:
    async def test_is_written_down(self, desk: Desk, records: RecordActivities) -> None:
        await desk.has_run(waiting_for="an order", wakes_at=NOON + HOUR)

        await self.ends(records, "purchased", failure="in the end")

        known = await desk.run()
        assert (known.status, known.exit_reason, known.failure) == (
            RunStatus.ENDED,
            "purchased",
            "in the end",
        )
        assert (known.ended_at, known.waiting_for, known.wakes_at) == (NOON, None, None)

    async def test_stays_as_it_was_first_told(self, desk: Desk, records: RecordActivities) -> None:
        await desk.has_run()
        await self.ends(records, "purchased")

        await self.ends(records, "completed", after=HOUR)

        known = await desk.run()
        assert (known.exit_reason, known.ended_at) == ("purchased", NOON)

    async def test_does_not_wait_for_the_end_of_one_that_somebody_else_holds(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        if desk.database.dialect == "sqlite":
            pytest.skip("SQLite has one writer: whoever holds one run holds all")
        await desk.has_run()
        await desk.has(run("run_2", journey="welcome"))
        async with desk.database.writing() as other:
            await other.get(tables.Run, "run_1", with_for_update=True)
            held = asyncio.create_task(self.ends(records, "purchased"))
            await asyncio.sleep(0)

            async with asyncio.timeout(10):
                await self.ends(records, "completed", run_id="run_2")

            assert not held.done()
        await held

    async def ends(
        self,
        records: RecordActivities,
        reason: str,
        *,
        run_id: str = "run_1",
        failure: str | None = None,
        after: timedelta = timedelta(),
    ) -> None:
        result = JourneyResult(exit_reason=reason, failure=failure)
        ended = RunEnded(run_id=run_id, result=result, ended_at=NOON + after)
        await ActivityEnvironment().run(records.record_end, ended)


class TestAStopOfMarketing:
    async def stopped(self, records: RecordActivities, customer_id: str = "cus_ada") -> None:
        stop = MarketingStop(run_id="run_1", customer_id=customer_id, reason="sunset")
        await ActivityEnvironment().run(records.stop_marketing, stop)

    async def test_suppresses_the_address_and_takes_the_consent_back(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has_run()

        await self.stopped(records)

        [suppression], [change] = await self.suppressions(desk), await self.changes(desk)
        assert (suppression.scope, suppression.reason, suppression.source) == (
            "marketing",
            "sunset",
            "run_1",
        )
        assert (change.topic, change.channel, change.granted) == ("marketing", "email", False)
        assert (change.source, change.evidence) == ("sunset", {"run_id": "run_1"})
        assert (await desk.sends()).reason == "suppressed: sunset"

    async def test_is_made_once_however_often_it_is_asked_for(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has_run()
        await self.stopped(records)

        await self.stopped(records)

        assert len(await self.suppressions(desk)) == len(await self.changes(desk)) == 1

    async def test_reaches_the_survivor_of_a_merge(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has_run()
        await desk.has(ada(id="cus_visitor", external_id=None, merged_into="cus_ada"))

        await self.stopped(records, "cus_visitor")

        assert len(await self.suppressions(desk)) == 1
        assert [change.customer_id for change in await self.changes(desk)] == ["cus_ada"]

    async def test_takes_the_consent_of_a_customer_without_an_address(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has_run(customer={"email": None})

        await self.stopped(records)

        assert [change.granted for change in await self.changes(desk)] == [False]

    async def test_has_nobody_to_stop_for_once_they_are_erased(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has_run(customer={"erased_at": NOON})

        await self.stopped(records)

        assert await self.suppressions(desk) == []
        assert await self.changes(desk) == []

    async def suppressions(self, desk: Desk) -> list[tables.Suppression]:
        async with desk.database.reading() as session:
            return list(await suppressions_of(session, "ada@example.org"))

    async def changes(self, desk: Desk) -> list[tables.ConsentChange]:
        async with desk.database.reading() as session:
            return list(await session.scalars(select(tables.ConsentChange)))

    async def test_loses_no_word_that_is_said_at_the_same_moment(
        self, desk: Desk, records: RecordActivities
    ) -> None:
        await desk.has(ada(consents={"marketing": ["email", "sms"]}))

        async with desk.database.writing() as session:
            customer = await session.get_one(tables.Customer, "cus_ada", with_for_update=True)
            stopping = asyncio.create_task(self.stopped(records))
            await asyncio.sleep(0.1)
            customer.consents = {"marketing": ["email"]}
        await stopping

        async with desk.database.reading() as session:
            ada_now = await session.get_one(tables.Customer, "cus_ada")
        assert ada_now.consents == {"marketing": []}
