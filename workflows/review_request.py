"""Review request: once the customer could try what they bought, ask how it was."""

from datetime import timedelta
from typing import Literal

from temporalio import workflow

from domain.durations import Duration
from domain.entry import Entry, Per
from domain.events import ORDER_COMPLETED, ORDER_DELIVERED, PRODUCT_REVIEWED, VOIDING
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class ReviewRequestSettings(JourneySettings):
    """What starts the journey, and how long each kind of product takes to be tried."""

    starts_on: Literal["Order Delivered", "Order Completed"] = "Order Delivered"
    soft_goods_after: Duration = timedelta(days=10)
    hard_goods_after: Duration = timedelta(days=21)
    other_goods_after: Duration = timedelta(days=14)
    reminder_after: Duration = timedelta(days=4)
    listens_for: Duration = timedelta(days=14)
    satisfied_from: float = 4


@workflow.defn(name="review-request")
class ReviewRequest(Journey[ReviewRequestSettings]):
    """Ask how the bought was, remind once, and answer the review; never with an incentive."""

    entry = Entry(on=(ORDER_DELIVERED, ORDER_COMPLETED), chosen_by="starts_on", per=Per.ORDER)
    goal = PRODUCT_REVIEWED

    @workflow.run
    async def run(self, start: JourneyStart[ReviewRequestSettings]) -> JourneyResult:
        times = start.settings
        with self.until(*VOIDING):
            tried_after = {"soft": times.soft_goods_after, "hard": times.hard_goods_after}
            patience = tried_after.get(start.about.kind or "", times.other_goods_after)
            review = await self.happens(PRODUCT_REVIEWED, within=patience)
            if not review:
                await self.send("how-was-it")
                review = await self.happens(PRODUCT_REVIEWED, within=times.reminder_after)
            if not review:
                await self.send("reminder")
                review = await self.happens(PRODUCT_REVIEWED, within=times.listens_for)
            if not review:
                return self.result("no-review")
            if review.facts.rating is None and workflow.patched("stars-say-what-to-answer"):
                return self.result("reviewed")
            if (review.facts.rating or 0) >= times.satisfied_from:
                await self.send("thank-you")
                return self.result("satisfied")
            await self.send("make-good")
            await self.send("support-alert")
            return self.result("dissatisfied")
        return self.result()
