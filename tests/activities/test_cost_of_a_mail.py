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
        verbs = [statement.split()[0] for statement in asked]
        claiming = ["SELECT"] * 4 + ["INSERT"] * 2
        if desk.database.dialect == "sqlite":
            assert verbs == [*claiming, "UPDATE", "UPDATE"]
        else:
            assert verbs == ["SELECT", *claiming, "WITH"]
            assert "FOR NO KEY UPDATE" in asked[0]
