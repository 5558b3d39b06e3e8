"""Win-back, as the shop's customers meet it."""

from domain.events import (
    CUSTOMER_LAPSED,
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    PAGE_VIEWED,
)
from domain.pace import Pace
from intake.lapses import LapseWatch
from sending.channel import Rejected, TryLater
from tests.driver.house import House
from tests.fakes.postbox import Postbox
from tests.workflows.conftest import OnJourney
from workflows.catalogue import CATALOGUE


class TestWinBack:
    async def test_writes_three_times_and_then_stops_marketing_for_good(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(CUSTOMER_LAPSED)

            await customer.lets_pass(days=40)

            assert await customer.inbox == ["we-miss-you", "incentive", "stay-or-go"]
            assert await customer.exits() == ["sunset"]
            assert (await customer.record()).consents == {"marketing": ["push", "sms"]}

    async def test_welcomes_a_customer_who_visits_again(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(CUSTOMER_LAPSED)
            await customer.lets_pass(days=8)
            await customer.does(PAGE_VIEWED)

            await customer.lets_pass(days=40)

            assert await customer.inbox == ["we-miss-you", "incentive", "welcome-back"]
            assert await customer.exits() == ["re-engaged"]

    async def test_welcomes_a_customer_who_clicks(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(CUSTOMER_LAPSED)
            [mail] = await customer.messages()
            await customer.does(EMAIL_LINK_CLICKED, message_id=mail.id)

            assert await customer.inbox == ["we-miss-you", "welcome-back"]

    async def test_keeps_the_consent_of_a_customer_whom_no_mail_could_ask(
        self, customer_on: OnJourney
    ) -> None:
        closed = Postbox(always=TryLater("401 Unauthorized"))
        async with customer_on("win-back", channel=closed) as customer:
            await customer.does(CUSTOMER_LAPSED)

            await customer.lets_pass(days=60)

            assert await customer.exits() == ["not-asked"]
            assert (await customer.record()).consents == {"marketing": ["email", "push", "sms"]}

    async def test_does_not_welcome_a_customer_whom_it_never_wrote_to(
        self, customer_on: OnJourney
    ) -> None:
        refusing_once = Postbox(answers=[Rejected("550 no")])
        async with customer_on("win-back", channel=refusing_once) as customer:
            await customer.does(CUSTOMER_LAPSED)
            await customer.lets_pass(days=1)
            await customer.does(PAGE_VIEWED)

            await customer.lets_pass(days=1)

            assert await customer.inbox == []
            assert await customer.exits() == ["re-engaged"]

    async def test_starts_by_itself_when_a_buyer_has_been_silent_for_ninety_days(
        self, customer_on: OnJourney
    ) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "hat"}])
            await customer.lets_pass(days=89)
            await self.looks_for_silence(customer.house)
            after_89_days = await customer.inbox
            await customer.lets_pass(days=2)
            await self.looks_for_silence(customer.house)

            assert after_89_days == []
            assert await customer.inbox == ["we-miss-you"]

    async def test_notices_one_silence_once(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(ORDER_COMPLETED, order_id="o1", products=[{"product_id": "hat"}])
            await customer.lets_pass(days=91)
            await self.looks_for_silence(customer.house)
            await self.looks_for_silence(customer.house)

            assert len(await customer.exits()) == 1

    async def test_leaves_visitors_alone_who_never_bought(self, customer_on: OnJourney) -> None:
        async with customer_on("win-back") as customer:
            await customer.does(PAGE_VIEWED)
            await customer.lets_pass(days=91)
            await self.looks_for_silence(customer.house)

            assert await customer.exits() == []

    @staticmethod
    async def looks_for_silence(house: House) -> None:
        watch = LapseWatch(
            database=house.database,
            intake=house.intake,
            catalogue=CATALOGUE,
            pace=Pace(),
            now=house.clock.now,
        )
        await watch.look()
        await house.settle()
