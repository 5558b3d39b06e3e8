"""The schedule by which it is counted what is bought together, on a real Temporal server."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
)
from temporalio.service import RPCError
from temporalio.worker import Replayer

from activities.recommending import ComplementActivities
from dispatch.connection import connect
from dispatch.control import RunControl
from dispatch.schedules import REFRESH_COMPLEMENTS, keep_schedule
from domain.errors import Unavailable
from domain.pace import Pace
from domain.recommending import Evidence, Refreshed, Togetherness
from store import tables
from store.bought_together import bought_with
from store.sessions import Database
from tests.fakes.rows import NOON, ada, keep
from tests.fakes.temporal_server import temporal_server
from worker import build_upkeep, sandbox
from workflows.refresh_complements import RefreshComplements


@pytest.fixture
async def schedule(client: Client) -> AsyncIterator[ScheduleHandle]:
    """The schedule, which is there only once somebody keeps it."""
    handle = client.get_schedule_handle(REFRESH_COMPLEMENTS)
    yield handle
    with suppress(RPCError):
        await handle.delete()


async def rules_in(client: Client, schedule: ScheduleHandle) -> list[Togetherness]:
    action = (await schedule.describe()).schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    return await client.data_converter.decode(action.args, [Togetherness])


class TestTheSchedule:
    async def test_counts_once_a_day_at_night_and_never_twice_at_a_time(
        self, client: Client, schedule: ScheduleHandle
    ) -> None:
        await keep_schedule(client, Togetherness(), pace=Pace())

        kept = (await schedule.describe()).schedule
        [interval] = kept.spec.intervals
        assert (interval.every, interval.offset) == (timedelta(days=1), timedelta(hours=3))
        assert kept.policy.overlap is ScheduleOverlapPolicy.SKIP

    async def test_comes_twice_a_minute_at_most_in_a_demonstration(
        self, client: Client, schedule: ScheduleHandle
    ) -> None:
        await keep_schedule(client, Togetherness(), pace=Pace(20_000))

        [interval] = (await schedule.describe()).schedule.spec.intervals
        assert interval.every == timedelta(seconds=30)

    async def test_goes_by_the_rules_of_whoever_started_last(
        self, client: Client, schedule: ScheduleHandle
    ) -> None:
        await keep_schedule(client, Togetherness(), pace=Pace())

        await keep_schedule(client, Togetherness(min_orders=7), pace=Pace())

        assert await rules_in(client, schedule) == [Togetherness(min_orders=7)]

    async def test_stays_paused_by_whoever_paused_it(
        self, client: Client, schedule: ScheduleHandle
    ) -> None:
        await keep_schedule(client, Togetherness(), pace=Pace())
        await schedule.pause(note="the sale distorts everything")

        await keep_schedule(client, Togetherness(min_orders=7), pace=Pace())

        state = (await schedule.describe()).schedule.state
        assert (state.paused, state.note) == (True, "the sale distorts everything")


class TestARefresh:
    @pytest.fixture
    def temporal(self) -> Iterator[str]:
        """A server of its own: refreshes are named by the second, also those of other tests."""
        with temporal_server() as address:
            yield address

    async def test_is_made_at_once_when_the_schedule_is_new_and_whenever_asked_for(
        self, client: Client, schedule: ScheduleHandle, database: Database
    ) -> None:
        await self.three_orders_of_tent_and_lamp(database)
        activities = ComplementActivities(database=database, pace=Pace(), now=self.next_day)

        async with build_upkeep(client, activities):
            await keep_schedule(client, Togetherness(min_lift=1), pace=Pace())
            first = await self.result_of_refresh(client, schedule, 1)
            await schedule.pause()
            await self.next_second()
            await RunControl(client).refresh_complements()
            second = await self.result_of_refresh(client, schedule, 2)

        assert first == second == Refreshed(products=2, pairs=2)
        async with database.reading() as session:
            found = await bought_with(session, ["tent"])
        assert found == {"lamp": Evidence(3, 3, 3, 3, self.next_day())}

    async def test_is_refused_while_there_is_no_schedule(self, client: Client) -> None:
        with pytest.raises(Unavailable, match="start one, then try again"):
            await RunControl(client).refresh_complements()

    async def test_is_refused_while_temporal_is_away(self) -> None:
        away = await connect("127.0.0.1:1", lazy=True)

        with pytest.raises(Unavailable, match="try again in a moment"):
            await RunControl(away).refresh_complements()

    @staticmethod
    async def next_second() -> None:
        """Temporal names what a schedule starts by the second, and starts no name twice."""
        await asyncio.sleep(1.01 - time.time() % 1)

    @staticmethod
    def next_day() -> datetime:
        return NOON + timedelta(days=1)

    @staticmethod
    async def three_orders_of_tent_and_lamp(database: Database) -> None:
        await keep(database, ada())
        for number in range(3):
            order = tables.Order(
                id=f"o{number}", customer_id="cus_ada", completed_at=NOON, updated_at=NOON
            )
            items = [tables.OrderItem(order_id=order.id, product_id=p) for p in ("tent", "lamp")]
            await keep(database, order, *items)

    @staticmethod
    async def result_of_refresh(client: Client, schedule: ScheduleHandle, count: int) -> Refreshed:
        """What the latest of so many refreshes found; its history can be replayed."""
        async with asyncio.timeout(20):
            while len((await schedule.describe()).info.recent_actions) < count:
                await asyncio.sleep(0.05)
            latest = (await schedule.describe()).info.recent_actions[-1].action
            assert isinstance(latest, ScheduleActionExecutionStartWorkflow)
            handle = client.get_workflow_handle(latest.workflow_id, result_type=Refreshed)
            result: Refreshed = await handle.result()
        replayer = Replayer(
            workflows=[RefreshComplements],
            workflow_runner=sandbox(),
            data_converter=client.data_converter,
        )
        await replayer.replay_workflow(await handle.fetch_history())
        return result
