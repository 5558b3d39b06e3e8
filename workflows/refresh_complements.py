"""Upkeep, not a journey: what is bought together is counted anew, as often as a schedule says."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.recommending import ComplementActivities
    from domain.recommending import Refreshed, Togetherness

_LONGEST_COUNT = timedelta(minutes=10)
_SIGN_OF_LIFE = timedelta(seconds=30)
#: After this the next refresh on the schedule takes its place.
_GIVE_UP_AFTER = timedelta(hours=6)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10))


@workflow.defn(name="refresh-complements")
class RefreshComplements:
    """Count over the shop's own orders what goes together."""

    @workflow.run
    async def run(self, rules: Togetherness) -> Refreshed:
        return await workflow.execute_activity_method(
            ComplementActivities.refresh_complements,
            rules,
            start_to_close_timeout=_LONGEST_COUNT,
            heartbeat_timeout=_SIGN_OF_LIFE,
            schedule_to_close_timeout=_GIVE_UP_AFTER,
            retry_policy=_RETRY,
            summary="count what is bought together",
        )
