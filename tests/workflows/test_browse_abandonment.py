"""Browse abandonment, as the shop's customers meet it."""

from domain.events import (
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
)
from tests.driver.customer import Customer, sells
from tests.fakes.goods import goods
from tests.workflows.conftest import OnJourney

TENT = goods("tent", category="camping")
LAMP = goods("lamp", category="camping")


class TestBrowseAbandonment:
    async def test_writes_three_times_to_a_visitor_who_looked_twice_and_stays_away(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await sells(customer.house, TENT, LAMP)
            await self.looks_twice(customer)

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["you-looked-at", "similar-products", "last-look"]
            assert await customer.exits() == ["completed"]

    async def test_starts_when_the_next_page_shows_that_a_look_was_long(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await customer.does(PRODUCT_VIEWED, product_id="tent")
            await customer.lets_pass(seconds=75)
            await customer.does(PAGE_VIEWED)

            await customer.lets_pass(hours=3)

            assert await customer.inbox == ["you-looked-at"]

    async def test_does_not_start_for_a_short_look(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment") as customer:
            await customer.does(PRODUCT_VIEWED, product_id="tent")
            await customer.lets_pass(seconds=20)
            await customer.does(PAGE_VIEWED)

            await customer.lets_pass(days=1)

            assert await customer.exits() == []

    async def test_starts_when_the_shop_measured_a_long_look(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment") as customer:
            await customer.does(PRODUCT_VIEWED, product_id="tent", dwell_seconds=61)

            assert await customer.exits() == [None]

    async def test_leaves_out_similar_products_for_a_visitor_who_clicked(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await self.looks_twice(customer)
            await customer.lets_pass(hours=3)
            [mail] = await customer.messages("accepted")
            await customer.does(EMAIL_LINK_CLICKED, run_id=mail.run_id)

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["you-looked-at", "last-look"]

    async def test_leaves_the_field_to_cart_abandonment_once_something_is_in_the_cart(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await self.looks_twice(customer)
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=10)

            assert await customer.inbox == []
            assert await customer.exits() == ["in-cart"]

    async def test_thanks_a_visitor_who_orders(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment") as customer:
            await self.looks_twice(customer)
            await customer.lets_pass(hours=3)
            await customer.does(ORDER_COMPLETED, order_id="o1")

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["you-looked-at", "thank-you"]
            assert await customer.exits() == ["purchased"]

    async def test_waits_until_browsing_has_been_quiet(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment") as customer:
            await self.looks_twice(customer)
            await customer.lets_pass(minutes=20)
            await customer.does(PRODUCT_VIEWED, product_id="lamp")

            await customer.lets_pass(hours=2, minutes=25)
            before = await customer.inbox
            await customer.lets_pass(minutes=10)

            assert before == []
            assert await customer.inbox == ["you-looked-at"]

    async def test_does_not_start_again_within_two_weeks(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment") as customer:
            await self.looks_twice(customer)
            await customer.lets_pass(days=10)
            await self.looks_twice(customer)

            await customer.lets_pass(days=1)

            assert len(await customer.exits()) == 1

    async def test_shows_what_was_viewed_and_then_what_is_like_it(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("browse-abandonment") as customer:
            await sells(customer.house, TENT, LAMP)
            await self.looks_twice(customer)

            await customer.lets_pass(days=2)

            shown = [message.shown for message in await customer.messages("accepted")]
            assert shown == [["tent"], ["lamp"]]

    @staticmethod
    async def looks_twice(customer: Customer) -> None:
        await customer.does(PRODUCT_VIEWED, product_id="tent")
        await customer.lets_pass(seconds=10)
        await customer.does(PRODUCT_VIEWED, product_id="tent")
