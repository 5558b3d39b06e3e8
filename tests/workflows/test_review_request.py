"""Review request, as the shop's customers meet it."""

from domain.events import ORDER_COMPLETED, ORDER_DELIVERED, ORDER_REFUNDED, PRODUCT_REVIEWED
from domain.products import ProductKind
from tests.driver.customer import Customer, sells
from tests.fakes.goods import goods
from tests.workflows.conftest import OnJourney

SHIRT = goods("shirt", kind=ProductKind.SOFT)
SOFA = goods("sofa", kind=ProductKind.HARD)


class TestReviewRequest:
    async def test_asks_ten_days_after_soft_goods_came_and_reminds_four_days_later(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")

            await customer.lets_pass(days=9, hours=23)
            before = await customer.inbox
            await customer.lets_pass(days=5)

            assert before == []
            assert await customer.inbox == ["how-was-it", "reminder"]

    async def test_gives_hard_goods_three_weeks(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "sofa")

            await customer.lets_pass(days=20)
            before = await customer.inbox
            await customer.lets_pass(days=2)

            assert before == []
            assert await customer.inbox == ["how-was-it"]

    async def test_knows_from_the_order_what_a_delivery_brings(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await sells(customer.house, SHIRT, SOFA)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "sofa"}])
            await customer.does(ORDER_DELIVERED, order_id="o1")

            await customer.lets_pass(days=22)

            [mail] = await customer.messages("accepted")
            assert (mail.step, mail.shown) == ("how-was-it", ["sofa"])
            assert mail.claimed_at is not None
            [run] = await customer.house.runs()
            assert (mail.claimed_at - run.entered_at).days == 21

    async def test_waits_for_the_slowest_of_several_products(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt", "sofa")

            await customer.lets_pass(days=20)

            assert await customer.inbox == []

    async def test_thanks_for_a_good_review(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.lets_pass(days=11)
            await customer.does(PRODUCT_REVIEWED, product_id="shirt", rating=4)

            await customer.lets_pass(days=30)

            assert await customer.inbox == ["how-was-it", "thank-you"]
            assert await customer.exits() == ["satisfied"]

    async def test_makes_good_and_alerts_support_for_a_bad_review(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.lets_pass(days=11)
            await customer.does(PRODUCT_REVIEWED, product_id="shirt", rating=2)

            messages = await customer.messages()
            assert [(m.step, m.to_address) for m in messages] == [
                ("how-was-it", "elif@example.com"),
                ("make-good", "elif@example.com"),
                ("support-alert", "help@shop.example"),
            ]
            assert await customer.exits() == ["dissatisfied"]

    async def test_says_nothing_to_a_review_without_stars(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.lets_pass(days=11)
            await customer.does(PRODUCT_REVIEWED, product_id="shirt", review_body="Love it!")

            await customer.lets_pass(days=30)

            assert await customer.inbox == ["how-was-it"]
            assert await customer.exits() == ["reviewed"]

    async def test_does_not_ask_a_customer_who_reviewed_by_themselves(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.lets_pass(days=2)
            await customer.does(PRODUCT_REVIEWED, product_id="shirt", rating=5)

            await customer.lets_pass(days=30)

            assert await customer.inbox == ["thank-you"]

    async def test_is_not_answered_by_a_review_of_something_else(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.lets_pass(days=11)
            await customer.does(PRODUCT_REVIEWED, product_id="sofa", rating=5)

            await customer.lets_pass(days=4)

            assert await customer.inbox == ["how-was-it", "reminder"]

    async def test_ends_when_the_order_is_refunded(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")
            await customer.does(ORDER_REFUNDED, order_id="o1")

            await customer.lets_pass(days=30)

            assert await customer.inbox == []
            assert await customer.exits() == ["refunded"]

    async def test_asks_for_what_was_kept_and_ends_once_nothing_is(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            both = [{"product_id": "shirt"}, {"product_id": "sofa"}]
            await customer.does(ORDER_COMPLETED, order_id="o1", products=both)
            await self.receives(customer, "shirt", "sofa")
            await customer.does(ORDER_REFUNDED, order_id="o1", products=both[1:], total=900)
            await customer.lets_pass(days=22)
            asked = await customer.messages()

            await customer.does(ORDER_REFUNDED, order_id="o1", products=both[:1], total=30)

            await customer.lets_pass(days=30)
            assert [(mail.step, mail.shown) for mail in asked] == [("how-was-it", ["shirt"])]
            assert await customer.inbox == ["how-was-it"]
            assert await customer.exits() == ["refunded"]

    async def test_does_not_begin_when_the_order_is_refunded_already(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("review-request") as customer:
            await customer.does(ORDER_REFUNDED, order_id="o1")

            await self.receives(customer, "shirt")

            assert await customer.exits() == []

    async def test_ends_without_a_word_when_nobody_answers(self, customer_on: OnJourney) -> None:
        async with customer_on("review-request") as customer:
            await self.receives(customer, "shirt")

            await customer.lets_pass(days=60)

            assert await customer.exits() == ["no-review"]

    @staticmethod
    async def receives(customer: Customer, *products: str) -> None:
        await sells(customer.house, SHIRT, SOFA)
        listed = [{"product_id": product} for product in products]
        await customer.does(ORDER_DELIVERED, order_id="o1", products=listed)
