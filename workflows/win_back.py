"""Win-back: write to a customer who has gone quiet, and let go of those who stay so."""

from datetime import timedelta

from temporalio import workflow

from domain.durations import Duration
from domain.entry import Entry
from domain.events import CUSTOMER_LAPSED, EMAIL_LINK_CLICKED, ORDER_COMPLETED, VISITS
from domain.journeys import Incentive, JourneyResult, JourneyStart
from domain.lapsing import LapsingSettings
from workflows.journey import Journey


class WinBackSettings(LapsingSettings):
    """After how long a silence to write (by what was last bought), and what to offer."""

    incentive_after: Duration = timedelta(days=7)
    last_mail_after: Duration = timedelta(days=7)
    sunset_after: Duration = timedelta(days=7)
    incentive: Incentive | None = None


@workflow.defn(name="win-back")
class WinBack(Journey[WinBackSettings]):
    """Write to a customer who has gone quiet; stop marketing to those who stay so."""

    entry = Entry(
        on=(CUSTOMER_LAPSED,), again_after=timedelta(days=120), fresh_for=timedelta(days=7)
    )
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[WinBackSettings]) -> JourneyResult:
        times = start.settings
        with self.until(ORDER_COMPLETED, EMAIL_LINK_CLICKED, *VISITS):
            await self.send("we-miss-you")
            await self.wait(times.incentive_after)
            await self.send("incentive")
            await self.wait(times.last_mail_after)
            question = await self.send("stay-or-go")
            await self.wait(times.sunset_after)
            if not question.sent and workflow.patched("sunset-only-who-was-asked"):
                return self.result("not-asked")
            await self.stop_marketing("sunset")
            return self.result("sunset")
        if self.has_written or not workflow.patched("welcome-back-follows-a-mail"):
            await self.send("welcome-back")
        return self.result("re-engaged")
