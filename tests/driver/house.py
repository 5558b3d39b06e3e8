"""The whole house in one process and in virtual time: intake, dispatcher, Temporal, worker.

Everything is the real thing but the clock: Temporal's time-skipping test server keeps the time,
and all else reads it from there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select
from temporalio import activity
from temporalio.api.enums.v1 import EventType, IndexedValueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.composing import Composer
from dispatch.control import RunControl
from dispatch.dispatcher import Dispatcher
from dispatch.mistakes import failure_in
from dispatch.temporal import SEARCH_ATTRIBUTES
from domain.journeys import OVER
from domain.pace import Pace
from domain.rules import Catalogue
from intake.intake import Intake
from sending.channel import Channel
from store import tables
from store.sessions import Database
from tests.programs import TEMPORAL, TEST_SERVER
from worker import build_activities, build_workers, sandbox
from workflows.catalogue import CATALOGUE, JOURNEYS

_TASK_COMPLETED: Final = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_OPENS: Final = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
)
_CONCLUDES: Final = (
    _TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
)
_CLOSED: Final = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)


class VirtualClock:
    """The test server's time, as everybody else in the house reads it."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment
        self._read_at: datetime | None = None

    async def look(self) -> datetime:
        self._read_at = await self._environment.get_current_time()
        return self._read_at

    def now(self) -> datetime:
        if activity.in_activity():
            return activity.info().started_time
        assert self._read_at is not None, "look at the clock first"
        return self._read_at


@dataclass(frozen=True)
class House:
    """Everything a customer can meet, at the test server's time."""

    environment: WorkflowEnvironment
    clock: VirtualClock
    database: Database
    intake: Intake
    dispatcher: Dispatcher
    control: RunControl
    outbox: Path
    pace: Pace

    @property
    def client(self) -> Client:
        return self.environment.client

    async def lets_pass(self, duration: timedelta) -> None:
        await self.environment.sleep(self.pace.of(duration))
        await self.settle()

    async def settle(self) -> None:
        """Wait until everything that is due was done."""
        await self.dispatcher.settle()
        for run in await self.runs():
            if run.status not in OVER:
                await self._settle_run(run.workflow_id)
        await self.clock.look()

    async def runs(self, journey: str | None = None) -> list[tables.Run]:
        async with self.database.reading() as session:
            query = select(tables.Run).order_by(col(tables.Run.created_at), col(tables.Run.id))
            if journey:
                query = query.where(tables.Run.journey == journey)
            return list((await session.scalars(query)).all())

    async def replay_everything(self) -> None:
        """Every history must replay, in the sandbox: each test is a determinism test."""
        for run in await self.runs():
            await self.replay(run.workflow_id)

    async def replay(self, workflow_id: str) -> None:
        """Replay one run, and every earlier history it continued as new from."""
        replayer = Replayer(
            workflows=JOURNEYS,
            data_converter=pydantic_data_converter,
            workflow_runner=sandbox(),
        )
        history_id: str | None = None
        while True:
            handle: WorkflowHandle[Any, Any] = self.client.get_workflow_handle(
                workflow_id, run_id=history_id
            )
            history = await handle.fetch_history()
            if any(event.event_type == _TASK_COMPLETED for event in history.events):
                # One that has only just continued as new has nothing to replay: it would wait.
                await replayer.replay_workflow(history)
            started = history.events[0].workflow_execution_started_event_attributes
            history_id = started.continued_execution_run_id
            if not history_id:
                return

    async def _settle_run(self, workflow_id: str) -> None:
        """Wait until a run has nothing to do: told from its history, which every server keeps."""
        handle: WorkflowHandle[Any, Any] = self.client.get_workflow_handle(workflow_id)
        async with asyncio.timeout(30):
            while True:
                history = [event async for event in handle.fetch_history_events()]
                require_no_mistake(history)
                if not _is_busy([event.event_type for event in history]):
                    return
                await asyncio.sleep(0.01)


def require_no_mistake(history: Sequence[HistoryEvent]) -> None:
    """Fail as the story did; Temporal would try it again and again, and a test wait in vain."""
    for event in history:
        if said := failure_in(event):
            kind = said.application_failure_info.type
            raise AssertionError(f"the story failed: {kind}: {said.message}\n{said.stack_trace}")


def _is_busy(history: Sequence[int]) -> bool:
    """Whether a workflow task or an activity is still to be concluded."""
    if history[-1] in _CLOSED:
        return False
    if _TASK_COMPLETED not in history:
        return True
    opened = sum(event in _OPENS for event in history)
    concluded = sum(event in _CONCLUDES for event in history)
    return opened > concluded


@asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's test server: time jumps to whatever is due next."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=TEST_SERVER, data_converter=pydantic_data_converter
    ) as environment:
        await _register_search_attributes(environment.client)
        yield environment


@asynccontextmanager
async def short_memory() -> AsyncIterator[WorkflowEnvironment]:
    """A real server that soon suggests to continue as new, in real time."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        dev_server_extra_args=[
            "--dynamic-config-value",
            "limit.historyCount.suggestContinueAsNew=24",
        ],
        data_converter=pydantic_data_converter,
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment


Server = Callable[[], AbstractAsyncContextManager[WorkflowEnvironment]]


@asynccontextmanager
async def open_house(
    *,
    database: Database,
    composer: Composer,
    channel: Channel,
    outbox: Path,
    journeys: tuple[str, ...] = (),
    settings: Mapping[str, Any] | None = None,
    server: Server = time_skipping,
    pace: Pace = Pace(),
    double_opt_in: bool = False,
) -> AsyncIterator[House]:
    """The house with these journeys (all unless named) under these settings.

    Time is virtual, unless another `server` is given: then `pace` says how fast it passes.
    """
    async with server() as environment:
        clock = VirtualClock(environment)
        await clock.look()
        send, records = build_activities(
            database=database, composer=composer, channel=channel, pace=pace, now=clock.now
        )
        stories, sender = build_workers(environment.client, send=send, records=records)
        dispatcher = Dispatcher(database=database, client=environment.client, now=clock.now)
        async with stories, sender, dispatcher:
            intake = Intake(
                database=database,
                catalogue=_chosen(journeys, settings or {}),
                pace=pace,
                deliverer=dispatcher,
                now=clock.now,
                double_opt_in=double_opt_in,
            )
            async with intake:
                control = RunControl(environment.client)
                house = House(
                    environment, clock, database, intake, dispatcher, control, outbox, pace
                )
                yield house
                await _leave(house)


def _chosen(journeys: tuple[str, ...], settings: Mapping[str, Any]) -> Catalogue:
    unknown = ", ".join(set(journeys) - set(CATALOGUE))
    assert not unknown, (
        f"there is no journey {unknown}, only {', '.join(CATALOGUE)}: "
        "list its file in workflows/catalogue.py, or mend the name"
    )
    return {
        name: rules.tuned(settings, version=1, is_paused=False) if settings else rules
        for name, rules in CATALOGUE.items()
        if not journeys or name in journeys
    }


async def _register_search_attributes(client: Client) -> None:
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: keyword for key in SEARCH_ATTRIBUTES},
        )
    )


async def _leave(house: House) -> None:
    """Let everything end that does, and see that what happened can be replayed."""
    await house.settle()
    await house.replay_everything()
    await _leave_nothing_running(house)


async def _leave_nothing_running(house: House) -> None:
    for run in await house.runs():
        if run.status not in OVER:
            handle: WorkflowHandle[Any, Any] = house.client.get_workflow_handle(run.workflow_id)
            try:
                await handle.terminate()
            except RPCError:
                continue
