"""One journey as two releases tell it."""

from datetime import timedelta

from temporalio import workflow

from domain.durations import Duration
from domain.entry import Entry
from domain.events import ORDER_COMPLETED, PRODUCT_VIEWED
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class NapSettings(JourneySettings):
    """How long to sleep."""

    lasting: Duration = timedelta(days=30)


@workflow.defn(name="nap")
class FirstNap(Journey[NapSettings]):
    """Sleeps, writes, ends."""

    entry = Entry(on=(PRODUCT_VIEWED,), again_after=timedelta())
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[NapSettings]) -> JourneyResult:
        await self.wait(start.settings.lasting)
        await self.send("good-morning")
        return self.result()


@workflow.defn(name="nap")
class SecondNap(Journey[NapSettings]):
    """Sleeps, writes, and since the second release writes once more."""

    entry = Entry(on=(PRODUCT_VIEWED,), again_after=timedelta())
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[NapSettings]) -> JourneyResult:
        await self.wait(start.settings.lasting)
        if workflow.patched("knock-first"):
            await self.send("knock")
        await self.send("good-morning")
        return self.result()
