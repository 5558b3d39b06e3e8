"""Cart abandonment, as the shop's customers meet it."""

from datetime import timedelta

from domain.events import (
    CART_UPDATED,
    CHECKOUT_STARTED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    PRODUCT_REMOVED,
)
from tests.workflows.conftest import OnJourney

HALF_AN_HOUR = timedelta(minutes=30)


class TestCartAbandonment:
    async def test_writes_three_times_to_a_customer_who_stays_silent(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["kept-for-you", "incentive", "last-reminder"]
            assert await customer.exits() == ["completed"]

    async def test_waits_an_hour_from_the_last_change_of_the_cart(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(minutes=50)
            await customer.does(PRODUCT_ADDED, product_id="lamp")

            await customer.lets_pass(minutes=50)
            after_fifty_minutes = await customer.inbox
            await customer.lets_pass(minutes=11)

            assert after_fifty_minutes == []
            assert await customer.inbox == ["kept-for-you"]

    async def test_thanks_and_falls_silent_once_the_customer_orders(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(CHECKOUT_STARTED, products=[{"product_id": "tent"}])
            await customer.lets_pass(hours=2)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["kept-for-you", "thank-you"]
            assert await customer.exits() == ["purchased"]

    async def test_says_nothing_to_a_customer_who_orders_before_the_first_reminder(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(minutes=10)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])

            await customer.lets_pass(days=10)

            assert await customer.inbox == []
            assert await customer.exits() == ["purchased"]

    async def test_ends_when_the_last_product_leaves_the_cart(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.does(PRODUCT_REMOVED, product_id="tent")

            await customer.lets_pass(days=10)

            assert await customer.inbox == []
            assert await customer.exits() == ["cart-emptied"]

    async def test_goes_on_while_something_is_left_in_the_cart(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.does(PRODUCT_ADDED, product_id="lamp")
            await customer.does(PRODUCT_REMOVED, product_id="lamp")

            await customer.lets_pass(hours=2)

            assert await customer.inbox == ["kept-for-you"]

    async def test_does_not_start_on_an_empty_cart(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(CART_UPDATED, products=[])

            await customer.lets_pass(days=1)

            assert await customer.exits() == []

    async def test_does_not_start_without_consent(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment", known=False) as customer:
            await customer.is_known(consent=False)
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=1)

            assert await customer.exits() == []

    async def test_does_not_start_on_a_cart_that_was_ordered_before_we_heard_of_it(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])
            await customer.does(PRODUCT_ADDED, ago=HALF_AN_HOUR, product_id="tent")

            await customer.lets_pass(days=1)

            assert await customer.exits() == []

    async def test_ends_by_an_order_that_is_heard_of_late(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(hours=2)
            await customer.does(
                ORDER_COMPLETED, ago=HALF_AN_HOUR, order_id="o1", products=[{"product_id": "tent"}]
            )

            assert await customer.inbox == ["kept-for-you", "thank-you"]
            assert await customer.exits() == ["purchased"]

    async def test_is_not_ended_by_an_order_from_before_the_cart(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(minutes=10)
            await customer.does(
                ORDER_COMPLETED, ago=HALF_AN_HOUR, order_id="o1", products=[{"product_id": "lamp"}]
            )

            await customer.lets_pass(hours=2)

            assert await customer.inbox == ["kept-for-you"]

    async def test_starts_again_for_the_next_cart(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])
            await customer.lets_pass(hours=1)
            await customer.does(PRODUCT_ADDED, product_id="lamp")

            await customer.lets_pass(hours=2)

            assert await customer.inbox == ["kept-for-you"]
