"""What a run costs Temporal: history events, counted."""

from typing import Any

from temporalio.client import WorkflowHandle

from domain.events import CUSTOMER_LAPSED, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED
from tests.driver.customer import Customer, sells
from tests.fakes.goods import goods
from tests.workflows.conftest import OnJourney

TENT = goods("tent", category="camping")
LAMP = goods("lamp", category="camping")


class TestTheCostOfARun:
    async def test_is_at_most_44_events_for_three_mails_after_a_cart(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(days=10)

            assert len(await customer.inbox) == 3
            assert await events_of(customer) <= 44

    async def test_is_at_most_44_events_for_three_mails_after_browsing(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await sells(customer.house, TENT, LAMP)
            await customer.does(PRODUCT_VIEWED, product_id="tent", dwell_seconds=90)
            await customer.lets_pass(days=10)

            assert len(await customer.inbox) == 3
            assert await events_of(customer) <= 44

    async def test_is_at_most_44_events_for_three_mails_of_a_welcome(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await customer.lets_pass(days=30)

            assert len(await customer.inbox) == 3
            assert await events_of(customer) <= 44

    async def test_is_at_most_22_events_for_a_question_and_its_answer(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("double-opt-in", double_opt_in=True) as customer:
            await customer.confirms()

            assert await customer.exits() == ["confirmed"]
            assert await events_of(customer) <= 22

    async def test_is_at_most_6_events_while_it_sleeps_for_the_first_time(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            assert await events_of(customer) <= 6

    async def test_is_at_most_13_events_for_one_that_is_left_while_asleep(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await customer.does(PRODUCT_VIEWED, product_id="tent", dwell_seconds=90)
            await customer.does(PRODUCT_ADDED, product_id="tent")

            assert await customer.exits() == ["in-cart"]
            assert await events_of(customer) <= 13

    async def test_is_at_most_13_events_for_one_that_a_purchase_ends_while_asleep(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.does(ORDER_COMPLETED, order_id="o1")

            assert await customer.exits() == ["purchased"]
            assert await events_of(customer) <= 13

    async def test_says_nothing_personal_to_temporal(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(CUSTOMER_LAPSED)
            await customer.does(ORDER_COMPLETED, order_id="o1")

            history = (await (await handle_of(customer)).fetch_history()).to_json()

            assert "example.com" not in history
            assert "Elif" not in history


async def handle_of(customer: Customer) -> WorkflowHandle[Any, Any]:
    [run] = await customer.house.runs()
    return customer.house.client.get_workflow_handle(run.workflow_id)


async def events_of(customer: Customer) -> int:
    return len((await (await handle_of(customer)).fetch_history()).events)
