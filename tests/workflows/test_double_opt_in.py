"""Double opt-in, as somebody meets it whose address was entered in a form."""

import pytest

from domain.events import ORDER_COMPLETED, PRODUCT_ADDED, SUBSCRIBED
from domain.opt_in import Confirmation
from store.suppressions import suppress
from tests.driver.customer import Customer
from tests.workflows.conftest import OnJourney

BOTH = ("double-opt-in", "welcome")


class TestDoubleOptIn:
    async def test_asks_once_and_writes_nothing_else(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.lets_pass(days=30)

            assert await customer.inbox == ["confirm"]
            assert await customer.exits() == ["not-confirmed"]
            assert (await customer.record()).consents["marketing"] == ["push", "sms"]

    async def test_lets_the_welcome_begin_once_it_is_confirmed(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.lets_pass(days=6)

            done = await customer.confirms()

            assert done is Confirmation.CONFIRMED
            assert await customer.inbox == ["confirm", "welcome"]
            assert await customer.exits() == ["confirmed", None]
            assert (await customer.record()).consents["marketing"] == ["email", "push", "sms"]

    async def test_changes_nothing_at_the_second_click(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.confirms()

            again = await customer.confirms()

            assert again is Confirmation.HELD_ALREADY
            assert await customer.inbox == ["confirm", "welcome"]

    async def test_comes_too_late_after_a_week(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.lets_pass(days=7, minutes=1)

            assert await customer.confirms() is Confirmation.OUTDATED
            assert await customer.inbox == ["confirm"]

    async def test_is_kept_from_other_journeys_until_then(self, customer_on: OnJourney) -> None:
        async with customer_on("double-opt-in", "cart-abandonment", double_opt_in=True) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(days=3)

            assert await customer.inbox == ["confirm"]

    async def test_asks_again_a_day_later_when_they_sign_up_again(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.lets_pass(hours=2)
            await customer.agrees()
            after_two_hours = await customer.inbox
            await customer.lets_pass(days=1)
            await customer.agrees()

            assert after_two_hours == ["confirm"]
            assert await customer.inbox == ["confirm", "confirm"]
            assert await customer.exits() == [None]

    async def test_asks_an_address_three_times_a_month_at_most(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            for _ in range(5):
                await customer.lets_pass(days=2)
                await customer.agrees()

            assert await customer.inbox == ["confirm", "confirm", "confirm"]
            assert (await customer.messages("skipped"))[-1].reason == (
                "asked for confirmation often enough"
            )

    async def test_asks_an_address_once_a_day_whoever_enters_it(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            other = Customer(customer.house, shop_id="somebody")
            await other.is_known(email="Elif@example.com")

            assert await customer.inbox == ["confirm"]

    @pytest.mark.parametrize(("scope", "reason"), [("all", "bounced"), ("marketing", "complained")])
    async def test_asks_no_address_that_bounced_or_complained(
        self, customer_on: OnJourney, scope: str, reason: str
    ) -> None:
        async with customer_on(*BOTH, known=False, double_opt_in=True) as customer:
            async with customer.house.database.writing() as session:
                now = await customer.house.clock.look()
                address = "elif@example.com"
                await suppress(session, address, reason=reason, source="x", at=now, scope=scope)
            await customer.is_known()

            [asked] = await customer.messages()
            assert (asked.status, asked.reason) == ("skipped", f"suppressed: {reason}")

    async def test_asks_at_a_new_address_before_it_writes_there(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.confirms()
            await customer.is_known(email="elif@elsewhere.example")
            await customer.lets_pass(days=2)
            unconfirmed = await customer.inbox
            await customer.confirms()
            await customer.lets_pass(days=24)

            assert unconfirmed == ["confirm", "welcome", "confirm"]
            assert (await customer.inbox)[3:] == ["still-here"]

    async def test_is_not_confirmed_by_a_mail_to_an_address_that_is_theirs_no_more(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("double-opt-in", double_opt_in=True, known=False) as customer:
            await customer.is_known()
            [mail] = await customer.messages()
            await customer.is_known(email="elif@elsewhere.example")

            assert await customer.confirms(mail) is Confirmation.OUTDATED

    async def test_asks_again_who_comes_back_after_leaving(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.confirms()
            await customer.leaves()
            await customer.lets_pass(days=40)
            await customer.agrees()
            before = (await customer.record()).consents["marketing"]
            await customer.confirms()

            assert before == ["push", "sms"]
            assert (await customer.record()).consents["marketing"] == ["email", "push", "sms"]
            assert await customer.inbox == ["confirm", "welcome", "confirm"]

    async def test_ends_when_they_think_better_of_it(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.leaves()

            assert await customer.confirms() is Confirmation.OUTDATED
            assert await customer.exits() == ["unsubscribed"]

    async def test_asks_a_buyer_too_and_welcomes_them_no_more(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, known=False, double_opt_in=True) as customer:
            await customer.is_known(consent=False)
            await customer.does(ORDER_COMPLETED, order_id="o1")
            await customer.lets_pass(days=1)
            await customer.agrees()
            await customer.confirms()

            assert await customer.inbox == ["confirm"]
            assert await customer.exits() == ["confirmed"]

    async def test_asks_for_nothing_that_is_proven_already(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH, known=False, double_opt_in=True) as customer:
            await customer.is_known(consent=False)
            await customer.agrees(basis="double_opt_in")

            assert await customer.inbox == ["welcome"]

    async def test_asks_nobody_where_it_is_switched_off(self, customer_on: OnJourney) -> None:
        async with customer_on(*BOTH) as customer:
            assert await customer.inbox == ["welcome"]

    async def test_is_nothing_that_an_event_of_the_shop_replaces(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on(*BOTH, double_opt_in=True) as customer:
            await customer.does(SUBSCRIBED)
            await customer.lets_pass(days=30)

            assert await customer.inbox == ["confirm"]
