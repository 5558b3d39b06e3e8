"""Welcome: greet somebody who subscribed, and help them to a first order."""

from datetime import timedelta

from temporalio import workflow

from domain.conditions import Never
from domain.durations import Duration
from domain.entry import NEVER, Entry
from domain.events import EMAIL_LINK_CLICKED, ORDER_COMPLETED, SUBSCRIBED, VOIDING
from domain.journeys import Incentive, JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class WelcomeSettings(JourneySettings):
    """When to write, and what to offer for the first order; without an offer nothing is said."""

    first_order_after: Duration = timedelta(days=2)
    reminder_after: Duration = timedelta(days=3)
    follow_up_after: Duration = timedelta(days=23)
    listens_for: Duration = timedelta(days=7)
    thanks_after: Duration = timedelta(days=1)
    incentive: Incentive | None = None


@workflow.defn(name="welcome")
class Welcome(Journey[WelcomeSettings]):
    """Greet a new subscriber, help them to a first order, and fall silent once it is there."""

    entry = Entry(on=(SUBSCRIBED,), when=Never(ORDER_COMPLETED), again_after=NEVER)
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[WelcomeSettings]) -> JourneyResult:
        times = start.settings
        with self.until(ORDER_COMPLETED):
            await self.send("welcome")
            await self.wait(times.first_order_after)
            await self.send("first-order")
            if await self.happens(
                EMAIL_LINK_CLICKED, within=times.follow_up_after, since="welcome"
            ):
                await self.wait(times.reminder_after)
                await self.send("offer-ends")
            else:
                await self.send("still-here")
            await self.wait(times.listens_for)
        if self.ended_by(ORDER_COMPLETED) and self.has_written:
            with self.until(*VOIDING):
                await self.wait(times.thanks_after)
                await self.send("thank-you")
                return self.result("purchased")
        return self.result()
