"""Runs whose history grows too long, on a real server that asks them to continue as new."""

from domain.events import ORDER_COMPLETED, PRODUCT_ADDED
from domain.pace import Pace
from domain.requests import StartRequest
from tests.driver.customer import Customer
from tests.driver.house import short_memory
from tests.workflows.conftest import OnJourney

#: A day passes in a second and a half.
FAST = Pace(57_600)


class TestARunThatContinuesAsNew:
    async def test_tells_its_whole_story_once(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment", server=short_memory, pace=FAST) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.has_got(3)
            await customer.house.settle()

            assert await customer.inbox == ["kept-for-you", "incentive", "last-reminder"]
            assert await customer.exits() == ["completed"]
            assert await self.chapters(customer) > 1

    async def test_still_hears_what_ends_it(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment", server=short_memory, pace=FAST) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.has_got(2)
            await customer.does(ORDER_COMPLETED, order_id="o1")

            await customer.has_got(3)

            assert await customer.inbox == ["kept-for-you", "incentive", "thank-you"]
            assert await customer.exits() == ["purchased"]

    async def test_sleeps_on_to_the_same_moment_under_a_storm_of_signals(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("win-back", server=short_memory, pace=FAST) as customer:
            run = await self.starts_win_back(customer)
            handle = customer.house.client.get_workflow_handle(run)
            wakes_at = (await customer.position("win-back")).wakes_at
            for number in range(60):
                await handle.signal("Something Else", {"id": f"n{number}", "happened_at": wakes_at})

            position = await customer.position("win-back")

            assert position.wakes_at == wakes_at
            assert await self.chapters(customer) > 1

    async def test_stays_paused(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back", server=short_memory, pace=FAST) as customer:
            run = await self.starts_win_back(customer)
            await customer.house.control.pause(run)
            handle = customer.house.client.get_workflow_handle(run)
            for number in range(60):
                await handle.signal("Something Else", {"id": f"n{number}"})

            await customer.lets_pass(days=8)

            assert await customer.inbox == ["we-miss-you"]
            assert await self.chapters(customer) > 1

    @staticmethod
    async def starts_win_back(customer: Customer) -> str:
        started = await customer.house.intake.start(StartRequest("win-back", customer.shop_id))
        await customer.house.settle()
        return started.workflow_id

    @staticmethod
    async def chapters(customer: Customer) -> int:
        [run] = await customer.house.runs()
        found = 0
        async for _ in customer.house.client.list_workflows(f'WorkflowId="{run.workflow_id}"'):
            found += 1
        return found
