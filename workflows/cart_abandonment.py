"""Cart abandonment: help a customer finish an order whose cart they left behind."""

from datetime import timedelta

from temporalio import workflow

from domain.conditions import NotEmpty
from domain.durations import Duration
from domain.entry import ALWAYS, Entry
from domain.events import (
    CART_CHANGES,
    CART_EMPTIED,
    CART_UPDATED,
    CHECKOUT_STARTED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
)
from domain.journeys import Incentive, JourneyResult, JourneySettings, JourneyStart
from workflows.journey import Journey


class CartAbandonmentSettings(JourneySettings):
    """When to write, and what to offer; without an incentive the second mail offers help."""

    first_reminder_after: Duration = timedelta(hours=1)
    incentive_after: Duration = timedelta(days=1)
    last_reminder_after: Duration = timedelta(days=2)
    incentive: Incentive | None = None


@workflow.defn(name="cart-abandonment")
class CartAbandonment(Journey[CartAbandonmentSettings]):
    """Help a customer finish an order whose cart they left behind."""

    entry = Entry(
        on=(PRODUCT_ADDED, CART_UPDATED, CHECKOUT_STARTED),
        when=NotEmpty("products"),
        again_after=ALWAYS,
    )
    goal = ORDER_COMPLETED

    @workflow.run
    async def run(self, start: JourneyStart[CartAbandonmentSettings]) -> JourneyResult:
        times = start.settings
        with self.until(ORDER_COMPLETED, CART_EMPTIED):
            await self.calm(CART_CHANGES, lasting=times.first_reminder_after)
            await self.send("kept-for-you")
            await self.wait(times.incentive_after)
            await self.send("incentive")
            await self.wait(times.last_reminder_after)
            await self.send("last-reminder")
        if self.ended_by(ORDER_COMPLETED) and self.has_written:
            await self.send("thank-you")
        return self.result()
