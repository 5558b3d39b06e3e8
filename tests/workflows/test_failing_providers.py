"""What a run does when its mail does not get through."""

from datetime import timedelta

from domain.events import ORDER_COMPLETED, PRODUCT_ADDED
from domain.journeys import RunStatus
from sending.channel import Rejected, TryLater, Unknown
from tests.fakes.postbox import Postbox
from tests.workflows.conftest import OnJourney


class TestAProviderThatIsDown:
    async def test_is_tried_again_until_it_takes_the_mail(self, customer_on: OnJourney) -> None:
        postbox = Postbox(answers=[TryLater("503")] * 3)
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(hours=2)

            assert await customer.inbox == ["kept-for-you"]
            assert postbox.attempts == 4

    async def test_holds_the_run_and_says_so(self, customer_on: OnJourney) -> None:
        postbox = Postbox(always=TryLater("503 from their side"))
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(hours=2)

            [message] = await customer.messages()
            position = await customer.position("cart-abandonment")
            assert (message.status, message.reason) == ("held", "503 from their side")
            assert position.status is RunStatus.HELD
            assert position.waiting_for == (
                "another try of kept-for-you: postbox does not take it now"
            )

    async def test_is_obeyed_when_it_says_how_long_to_wait(self, customer_on: OnJourney) -> None:
        postbox = Postbox(answers=[TryLater("429", after=timedelta(hours=5))])
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(hours=5, minutes=30)
            before = await customer.inbox
            await customer.lets_pass(hours=1)

            assert before == []
            assert await customer.inbox == ["kept-for-you"]

    async def test_is_given_up_after_three_days_and_the_story_goes_on(
        self, customer_on: OnJourney
    ) -> None:
        postbox = Postbox(always=TryLater("503"))
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=20)

            assert [(m.step, m.status) for m in await customer.messages()] == [
                ("kept-for-you", "failed"),
                ("incentive", "failed"),
                ("last-reminder", "failed"),
            ]
            assert await customer.exits() == ["completed"]

    async def test_gets_no_mail_for_a_customer_who_ordered_meanwhile(
        self, customer_on: OnJourney
    ) -> None:
        postbox = Postbox(answers=[TryLater("503")] * 5)
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")
            await customer.lets_pass(hours=1, minutes=5)
            await customer.does(ORDER_COMPLETED, order_id="o1")
            postbox.answers.clear()

            await customer.lets_pass(days=5)

            assert await customer.inbox == []


class TestAProviderThatRefuses:
    async def test_is_not_asked_twice_and_the_story_goes_on(self, customer_on: OnJourney) -> None:
        postbox = Postbox(answers=[Rejected("550 no such person elif@example.com")])
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(days=10)

            first, *others = await customer.messages()
            assert (first.status, first.reason) == (
                "failed",
                "550 no such person elif@example.com",
            )
            assert [m.status for m in others] == ["accepted", "accepted"]


class TestAnUnknownOutcome:
    async def test_never_sends_marketing_twice(self, customer_on: OnJourney) -> None:
        postbox = Postbox(answers=[Unknown("read time-out")])
        async with customer_on("cart-abandonment", channel=postbox) as customer:
            await customer.does(PRODUCT_ADDED, product_id="tent")

            await customer.lets_pass(hours=20)

            [message] = await customer.messages()
            assert (message.status, message.reason) == ("unknown", "read time-out")
            assert postbox.attempts == 1
