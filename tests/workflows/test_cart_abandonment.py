"""Cart abandonment, as the shop's customers meet it."""

from domain.events import CART_EMPTIED, ORDER_COMPLETED, PRODUCT_ADDED
from tests.workflows.conftest import OnJourney


class TestCartAbandonment:
    async def test_writes_three_times_to_a_customer_who_stays_silent(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["kept-for-you", "incentive", "last-reminder"]
            assert await customer.exits() == ["completed"]
