"""A few journeys on PostgreSQL: all others are told on SQLite."""

import pytest

from domain.events import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED
from tests.workflows.conftest import OnJourney


@pytest.fixture
def dialect() -> str:
    return "postgresql"


class TestJourneysOnPostgresql:
    async def test_write_to_a_customer_who_stays_silent(self, customer_on: OnJourney) -> None:
        async with customer_on("cart-abandonment") as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=10)

            assert await customer.inbox == ["kept-for-you", "incentive", "last-reminder"]
            assert await customer.exits() == ["completed"]

    async def test_end_with_the_purchase_all_at_once(self, customer_on: OnJourney) -> None:
        async with customer_on("browse-abandonment", "cart-abandonment") as customer:
            for _ in range(2):
                await customer.does(PRODUCT_VIEWED, product_id="lamp")
                await customer.lets_pass(minutes=2)
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(hours=2)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])

            await customer.lets_pass(days=10)

            assert (await customer.inbox)[-1] == "thank-you"
            assert "purchased" in await customer.exits()
