"""Browse abandonment: bring back a visitor who looked closely at something and left."""

from datetime import timedelta
from typing import Literal

from temporalio import workflow

from domain.conditions import Combined, Dwelled, Seen, Setting
from domain.durations import Duration
from domain.entry import Entry
from domain.events import BROWSING, EMAIL_LINK_CLICKED, ORDER_COMPLETED, PRODUCT_ADDED
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class BrowseAbandonmentSettings(JourneySettings):
    """How close a look counts, and when to write."""

    min_dwell: Duration = timedelta(seconds=60)
    seen_times: int = 2
    seen_within: Duration = timedelta(days=7)
    qualifies_by: Literal["either", "both"] = "either"
    quiet_for: Duration = timedelta(minutes=30)
    first_reminder_after: Duration = timedelta(hours=2)
    similar_after: Duration = timedelta(days=1)
    last_reminder_after: Duration = timedelta(days=3)


@workflow.defn(name="browse-abandonment")
class BrowseAbandonment(Journey[BrowseAbandonmentSettings]):
    """Bring back a visitor who looked closely at something and left without a cart."""

    entry = Entry(
        on=BROWSING.events,
        when=Combined(
            (Dwelled(Setting("min_dwell")), Seen(Setting("seen_times"), Setting("seen_within"))),
            by=Setting("qualifies_by"),
        ),
        again_after=timedelta(days=14),
    )
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[BrowseAbandonmentSettings]) -> JourneyResult:
        times = start.settings
        with self.until(ORDER_COMPLETED, PRODUCT_ADDED):
            await self.calm(BROWSING, lasting=times.quiet_for, then=times.first_reminder_after)
            await self.send("you-looked-at")
            if not await self.happens(EMAIL_LINK_CLICKED, within=times.similar_after):
                await self.send("similar-products")
            await self.wait(times.last_reminder_after)
            await self.send("last-look")
        if self.ended_by(ORDER_COMPLETED) and self.has_written:
            await self.send("thank-you")
        return self.result()
