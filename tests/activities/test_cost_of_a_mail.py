"""A mail asks the database for little: each statement costs as much as rendering half the mail."""

from domain.events import CART_EMPTIED, ORDER_COMPLETED
from tests.activities.conftest import Desk
from tests.fakes.rows import event as happened


class TestAMail:
    async def test_asks_eight_times(self, desk: Desk, asked: list[str]) -> None:
        await desk.has_run()
        in_cart = {"product_id": "tent", "name": "Tent", "price": 99}
        await desk.has(
            happened("e1", customer_id="cus_ada", name="Product Added", properties=in_cart)
        )
        asked.clear()

        outcome = await desk.sends(ends_on=(ORDER_COMPLETED, CART_EMPTIED))

        assert outcome.sent
        locking = [statement for statement in asked if "FOR NO KEY UPDATE" in statement]
        verbs = [statement.split()[0] for statement in asked if statement not in locking]
        assert verbs == ["SELECT"] * 4 + ["INSERT", "INSERT", "UPDATE", "UPDATE"]
        assert len(locking) == (0 if desk.database.dialect == "sqlite" else 3)
