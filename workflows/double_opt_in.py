"""Double opt-in: one mail that asks whether somebody really wants to be written to."""

from temporalio import workflow

from domain.consents import ConsentStatus
from domain.entry import ALWAYS, Entry
from domain.events import SUBSCRIBED, SUBSCRIPTION_REQUESTED
from domain.journeys import JourneyResult, JourneyStart
from domain.opt_in import OptInSettings
from workflows.journey import Journey


@workflow.defn(name="double-opt-in")
class DoubleOptIn(Journey[OptInSettings]):
    """Ask who signed up to confirm it, and write nothing else before; only where switched on."""

    entry = Entry(on=(SUBSCRIPTION_REQUESTED,), consent=ConsentStatus.PENDING, again_after=ALWAYS)
    goal = SUBSCRIBED

    @workflow.run
    async def run(self, start: JourneyStart[OptInSettings]) -> JourneyResult:
        patience = start.settings.confirm_within
        with self.until(SUBSCRIBED):
            await self.send("confirm")
            while await self.happens(SUBSCRIPTION_REQUESTED, within=patience):
                await self.send("confirm")
            return self.result("not-confirmed")
        return self.result()
