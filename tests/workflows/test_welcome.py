"""Welcome, as the shop's customers meet it."""

from datetime import timedelta

from domain.events import (
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    UNSUBSCRIBED,
)
from domain.journeys import Incentive, IncentiveKind
from tests.driver.customer import Customer, sells
from tests.fakes.goods import goods
from tests.workflows.conftest import OnJourney

TENT = goods("tent", category="camping")
TEN_PERCENT = Incentive(
    kind=IncentiveKind.PERCENT, value=10, code="HELLO10", valid_for=timedelta(days=14)
)


class TestWelcome:
    async def test_greets_at_once_and_helps_on_after_two_days(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome") as customer:
            at_once = await customer.inbox

            await customer.lets_pass(days=2)

            assert at_once == ["welcome"]
            assert await customer.inbox == ["welcome", "first-order"]

    async def test_writes_once_more_after_weeks_without_any_reaction(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await customer.lets_pass(days=24)
            after_24_days = await customer.inbox
            await customer.lets_pass(days=60)

            assert after_24_days == ["welcome", "first-order"]
            assert await customer.inbox == ["welcome", "first-order", "still-here"]
            assert await customer.exits() == ["completed"]

    async def test_reminds_of_the_offer_three_days_after_a_click(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await customer.lets_pass(days=2)
            await clicks(customer, "first-order")
            await customer.lets_pass(days=3)

            assert await customer.inbox == ["welcome", "first-order", "offer-ends"]

    async def test_still_thanks_who_orders_after_the_last_mail(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await customer.lets_pass(days=26)
            await customer.does(ORDER_COMPLETED, order_id="o1")
            await customer.lets_pass(days=1)

            assert await customer.inbox == ["welcome", "first-order", "still-here", "thank-you"]
            assert await customer.exits() == ["purchased"]

    async def test_counts_a_click_on_the_first_mail_too(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome") as customer:
            await clicks(customer, "welcome")

            await customer.lets_pass(days=2 + 3, hours=1)

            assert await customer.inbox == ["welcome", "first-order", "offer-ends"]

    async def test_takes_no_mail_that_was_only_opened_for_a_reaction(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            [mail] = await customer.messages()
            await customer.does(EMAIL_OPENED, message_id=mail.id)

            await customer.lets_pass(days=30)

            assert await customer.inbox == ["welcome", "first-order", "still-here"]

    async def test_thanks_the_day_after_the_order_and_shows_what_was_bought(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await sells(customer.house, TENT)
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "tent"}])
            on_the_day = await customer.inbox
            await customer.lets_pass(days=60)

            assert on_the_day == ["welcome"]
            assert await customer.inbox == ["welcome", "thank-you"]
            assert (await customer.messages())[-1].shown == ["tent"]
            assert await customer.exits() == ["purchased"]

    async def test_is_silent_when_the_order_is_called_off_the_same_day(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome") as customer:
            await customer.does(ORDER_COMPLETED, order_id="o1")
            await customer.does(ORDER_CANCELLED, order_id="o1")

            await customer.lets_pass(days=60)

            assert await customer.inbox == ["welcome"]
            assert await customer.exits() == ["cancelled"]

    async def test_offers_what_the_shop_offers_as_long_as_it_lasts(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome", incentive=TEN_PERCENT) as customer:
            await customer.lets_pass(days=2)

            assert [mail.subject for mail in await customer.messages()] == [
                "Welcome to Hazel & Co",
                "10% off your order",
            ]

    async def test_helps_instead_when_the_offer_is_over(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome", incentive=TEN_PERCENT) as customer:
            await customer.lets_pass(days=13)
            await clicks(customer, "first-order")
            await customer.lets_pass(days=3)

            assert (await customer.messages())[-1].subject == (
                "Did you find what you were looking for?"
            )

    async def test_ends_when_they_unsubscribe(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome") as customer:
            await customer.does(UNSUBSCRIBED)

            assert await customer.exits() == ["unsubscribed"]


class TestWhoIsWelcomed:
    async def test_is_nobody_without_consent(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome", known=False) as customer:
            await customer.is_known(consent=False)

            assert await customer.exits() == []

    async def test_is_who_agrees_in_a_form_later_on(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome", known=False) as customer:
            await customer.is_known(consent=False)
            await customer.agrees()

            assert await customer.inbox == ["welcome"]

    async def test_is_nobody_who_has_ordered_before(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome", known=False) as customer:
            await customer.is_known(consent=False)
            await customer.does(ORDER_COMPLETED, order_id="o1")
            await customer.lets_pass(days=1)
            await customer.agrees()

            assert await customer.exits() == []

    async def test_is_nobody_twice(self, customer_on: OnJourney) -> None:
        async with customer_on("welcome") as customer:
            await customer.leaves()
            await customer.lets_pass(days=400)
            await customer.agrees()

            assert await customer.inbox == ["welcome"]
            assert await customer.exits() == ["unsubscribed"]

    async def test_is_no_customer_of_old_who_is_only_new_to_us(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("welcome", known=False) as customer:
            await customer.is_known(createdAt="2019-05-04")

            assert await customer.exits() == []


async def clicks(customer: Customer, step: str) -> None:
    [mail] = [mail for mail in await customer.messages() if mail.step == step]
    await customer.does(EMAIL_LINK_CLICKED, message_id=mail.id)
