"""What an engineer can do with a running journey."""

import pytest

from dispatch.control import RunControl
from domain.errors import Refused
from domain.events import ORDER_COMPLETED, PRODUCT_ADDED
from domain.journeys import RunStatus
from tests.driver.customer import Customer
from tests.workflows.conftest import OnJourney


class TestPausingARun:
    async def test_holds_it_at_its_next_step_however_long(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await control.pause(run)

            await customer.lets_pass(days=10)

            assert await customer.inbox == []
            assert (await customer.position("cart-abandonment")).status is RunStatus.PAUSED

    async def test_loses_nothing_once_it_is_resumed(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await control.pause(run)
            await customer.lets_pass(days=10)
            await control.resume(run)

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["kept-for-you", "incentive", "last-reminder"]

    async def test_does_not_shorten_a_wait(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await control.pause(run)
            await customer.lets_pass(minutes=10)
            await control.resume(run)

            await customer.lets_pass(minutes=45)
            before = await customer.inbox
            await customer.lets_pass(minutes=10)

            assert before == []
            assert await customer.inbox == ["kept-for-you"]

    async def test_still_lets_an_order_end_it(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await control.pause(run)
            await customer.does(ORDER_COMPLETED, order_id="o1")

            assert await customer.exits() == ["purchased"]

    async def test_is_refused_twice(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await control.pause(run)

            with pytest.raises(Refused, match="The run is paused already"):
                await control.pause(run)

    async def test_is_refused_once_the_run_has_ended(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await self.under_way(customer)
            await customer.lets_pass(days=10)

            with pytest.raises(Refused) as refused:
                await control.pause(run)

            assert refused.value.code == "run-ended"

    @staticmethod
    async def under_way(customer: Customer) -> tuple[RunControl, str]:
        await customer.does(PRODUCT_ADDED, product_id="tent")
        return customer.house.control, (await customer.run("cart-abandonment")).workflow_id


class TestFastForwarding:
    async def test_ends_the_wait_in_progress_and_no_other(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await TestPausingARun.under_way(customer)
            await control.fast_forward(run)

            await customer.lets_pass(minutes=1)

            assert await customer.inbox == ["kept-for-you"]

    async def test_is_refused_while_the_run_is_paused(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await TestPausingARun.under_way(customer)
            await control.pause(run)

            with pytest.raises(Refused, match="resume it first"):
                await control.fast_forward(run)


class TestEndingARun:
    async def test_takes_effect_at_once_and_keeps_the_reason(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            control, run = await TestPausingARun.under_way(customer)
            await control.end(run, "asked by support")

            await customer.lets_pass(days=10)

            assert await customer.inbox == []
            assert await customer.exits() == ["asked by support"]


class TestThePositionOfARun:
    async def test_says_in_words_what_it_waits_for_until_when(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(hours=2)

            position = await customer.position("cart-abandonment")

            assert position.status is RunStatus.WAITING
            assert position.step == "kept-for-you"
            assert position.waiting_for == "1 day to pass"
            assert position.wakes_at is not None
            left = position.wakes_at - await customer.house.clock.look()
            assert 22.9 < left.total_seconds() / 3600 < 23.1
