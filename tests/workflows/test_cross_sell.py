"""Cross-sell, as the shop's customers meet it."""

from dataclasses import replace
from decimal import Decimal

from domain.events import ORDER_COMPLETED, ORDER_DELIVERED, ORDER_REFUNDED
from store import tables
from tests.driver.customer import Customer, sells
from tests.fakes.goods import goods
from tests.workflows.conftest import OnJourney

TENT = goods("tent", complements=("lamp", "pegs"))
LAMP = goods("lamp")
PEGS = goods("pegs")


class TestCrossSell:
    async def test_shows_complements_after_a_day_and_once_more_two_days_later(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)

            await customer.lets_pass(days=5)

            assert await customer.inbox == ["goes-well-with", "follow-up"]
            assert [m.shown for m in await customer.messages()] == [["lamp", "pegs"]] * 2

    async def test_asks_for_a_review_when_a_complement_is_bought(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.lets_pass(days=2)
            await customer.does(ORDER_COMPLETED, order_id="o2", products=[{"product_id": "lamp"}])

            await customer.lets_pass(days=3)
            after_three_days = await customer.inbox
            await customer.lets_pass(days=2)

            assert after_three_days == ["goes-well-with"]
            run = (await customer.house.runs("cross-sell"))[0]
            assert [m.step for m in await customer.messages() if m.run_id == run.id] == [
                "goes-well-with",
                "how-do-you-like-it",
            ]
            assert run.exit_reason == "purchased"

    async def test_does_not_take_an_unrelated_order_for_a_success(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.lets_pass(days=2)
            await customer.does(ORDER_COMPLETED, order_id="o2", products=[{"product_id": "hat"}])

            await customer.lets_pass(days=2)

            assert await customer.inbox == ["goes-well-with", "follow-up"]

    async def test_leaves_out_what_was_bought_meanwhile(self, customer_on: OnJourney) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.does(ORDER_COMPLETED, order_id="o2", products=[{"product_id": "lamp"}])

            await customer.lets_pass(days=1, hours=1)

            run = (await customer.house.runs("cross-sell"))[0]
            [mail] = [m for m in await customer.messages() if m.run_id == run.id]
            assert mail.shown == ["pegs"]

    async def test_says_why_it_wrote_nothing_when_nothing_goes_with_the_order(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cross-sell") as customer:
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "hat"}])

            await customer.lets_pass(days=5)

            [message] = await customer.messages()
            assert (message.status, message.reason) == (
                "skipped",
                "nothing to show: no complements",
            )
            assert await customer.exits() == ["nothing-to-offer"]

    async def test_ends_when_the_order_is_refunded(self, customer_on: OnJourney) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.does(ORDER_REFUNDED, order_id="o1")

            await customer.lets_pass(days=5)

            assert await customer.inbox == []
            assert await customer.exits() == ["refunded"]

    async def test_shows_the_price_and_stock_of_the_day_on_which_it_writes(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.lets_pass(days=1, hours=1)
            cheaper = replace(LAMP, price=Decimal(9), compare_at_price=Decimal(12), stock=2)
            sold_out = replace(PEGS, available=False)
            await customer.lets_pass(days=1)
            await sells(customer.house, cheaper, sold_out)

            await customer.lets_pass(days=2)

            first, second = await customer.messages()
            assert (first.shown, second.shown) == (["lamp", "pegs"], ["lamp"])
            text = await self.text_of(customer, second)
            assert "€9.00" in text
            assert "was €12.00" in text
            assert "Only 2 left" in text

    async def test_goes_on_when_another_order_is_refunded(self, customer_on: OnJourney) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.does(ORDER_REFUNDED, order_id="o0")

            await customer.lets_pass(days=2)

            assert await customer.inbox == ["goes-well-with"]

    async def test_runs_once_for_an_order_that_is_told_twice(self, customer_on: OnJourney) -> None:
        async with customer_on("cross-sell") as customer:
            await self.orders_a_tent(customer)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])

            await customer.lets_pass(days=2)

            assert await customer.inbox == ["goes-well-with"]

    async def test_can_start_on_delivery_instead(self, customer_on: OnJourney) -> None:
        async with customer_on("cross-sell", starts_on="Order Delivered") as customer:
            await self.orders_a_tent(customer)
            await customer.lets_pass(days=3)
            before_delivery = await customer.exits()
            await customer.does(ORDER_DELIVERED, order_id="o1", products=[{"product_id": "tent"}])

            await customer.lets_pass(days=1, hours=1)

            assert before_delivery == []
            assert await customer.inbox == ["goes-well-with"]

    @staticmethod
    async def orders_a_tent(customer: Customer) -> None:
        await sells(customer.house, TENT, LAMP, PEGS)
        await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])

    @staticmethod
    async def text_of(customer: Customer, message: tables.Message) -> str:
        async with customer.house.database.reading() as session:
            return (await session.get_one(tables.MessageContent, message.id)).text
