"""Cross-sell: after an order, show what goes well with it."""

from datetime import timedelta
from typing import Literal

from temporalio import workflow

from domain.durations import Duration
from domain.entry import Entry, Per
from domain.events import ORDER_COMPLETED, ORDER_DELIVERED, VOIDING
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class CrossSellSettings(JourneySettings):
    """What starts the journey, and when to write."""

    starts_on: Literal["Order Completed", "Order Delivered"] = "Order Completed"
    first_mail_after: Duration = timedelta(days=1)
    follow_up_after: Duration = timedelta(days=2)
    review_after: Duration = timedelta(days=4)


@workflow.defn(name="cross-sell")
class CrossSell(Journey[CrossSellSettings]):
    """Say thanks for an order, and show what goes well with it."""

    entry = Entry(on=(ORDER_COMPLETED, ORDER_DELIVERED), chosen_by="starts_on", per=Per.ORDER)
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[CrossSellSettings]) -> JourneyResult:
        times = start.settings
        with self.until(*VOIDING):
            await self.wait(times.first_mail_after)
            offer = await self.send("goes-well-with")
            if not offer.shown:
                return self.result("nothing-to-offer")
            if not await self.bought_one_of(offer.shown, within=times.follow_up_after):
                await self.send("follow-up")
                return self.result()
            await self.wait(times.review_after)
            await self.send("how-do-you-like-it")
            return self.result("purchased")
        return self.result()

    async def bought_one_of(self, product_ids: tuple[str, ...], *, within: timedelta) -> bool:
        """Whether an order with one of these products comes in time."""
        order = await self.happens(
            ORDER_COMPLETED,
            within=within,
            where=lambda heard: not set(product_ids).isdisjoint(heard.facts.product_ids),
        )
        return order is not None
