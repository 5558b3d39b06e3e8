"""The schedule of upkeep, in Temporal: seen, paused and triggered there or by the gateway."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from domain.pace import Pace
from domain.recommending import Togetherness
from runtime.queues import UPKEEP_QUEUE

#: The schedule's id, and its workflow's name.
REFRESH_COMPLEMENTS: Final = "refresh-complements"

_EVERY: Final = timedelta(days=1)
#: In demonstrations, where a day takes seconds.
_AT_MOST_EVERY: Final = timedelta(seconds=30)
#: The hour of the day, in UTC, when most shops sleep.
_AT: Final = timedelta(hours=3)
_NOTE: Final = "Counts over the shop's orders which products are bought together."


async def keep_schedule(client: Client, rules: Togetherness, *, pace: Pace) -> None:
    """Have what is bought together counted once a day by these rules, the first time at once.

    Whoever starts later brings rules and times up to date; a schedule that was paused stays so.
    Raises RPCError when Temporal does not take it.
    """
    schedule = _schedule(rules, pace)
    try:
        await client.create_schedule(REFRESH_COMPLEMENTS, schedule, trigger_immediately=True)
    except ScheduleAlreadyRunningError:

        def update(known: ScheduleUpdateInput) -> ScheduleUpdate:
            return ScheduleUpdate(replace(schedule, state=known.description.schedule.state))

        await client.get_schedule_handle(REFRESH_COMPLEMENTS).update(update)


def _schedule(rules: Togetherness, pace: Pace) -> Schedule:
    every = max(pace.of(_EVERY), _AT_MOST_EVERY)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            REFRESH_COMPLEMENTS,
            rules,
            id=REFRESH_COMPLEMENTS,
            task_queue=UPKEEP_QUEUE,
            static_summary="Count what is bought together",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every, offset=_AT % every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_EVERY),
        state=ScheduleState(note=_NOTE),
    )
