"""One attempt at a step: who gets no mail and why, and what is on record when one leaves."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.events import CUSTOMER_MERGED, ORDER_COMPLETED
from domain.journeys import RunStatus
from domain.messages import StepStatus
from sending.channel import Mail
from store import tables
from store.suppressions import suppress
from tests.activities.conftest import Desk, During
from tests.fakes.rows import NOON, ada, event, run

#: What is on record of the customer, and why nobody writes to them.
UNREACHABLE: list[tuple[dict[str, Any], str]] = [
    ({"consents": {}}, "no consent"),
    ({"consents": {"marketing": ["sms"], "news": ["email"]}}, "no consent"),
    ({"email": None, "email_key": None}, "no address"),
    ({"email": "ada at home"}, "invalid address"),
    ({"erased_at": NOON}, "no address"),
]


async def assert_skipped(desk: Desk, reason: str, *, step: str = "kept-for-you") -> None:
    message, found = await desk.message(step), await desk.run()
    assert (message.status, message.reason) == ("skipped", reason)
    assert (message.claimed_at, message.to_address) == (None, None)
    assert (found.status, found.step) == (RunStatus.WAITING, step)
    assert desk.postbox.attempts == 0


async def suppressed(desk: Desk, scope: str, reason: str, address: str = "ada@example.org") -> None:
    async with desk.database.writing() as session:
        await suppress(session, address, reason=reason, source="test", at=NOON, scope=scope)


class TestAMailThatMustNotLeave:
    @pytest.mark.parametrize(("customer", "reason"), UNREACHABLE)
    async def test_is_skipped_for_a_customer_out_of_reach(
        self, desk: Desk, customer: dict[str, Any], reason: str
    ) -> None:
        await desk.has_run(customer=customer)

        outcome = await desk.sends()

        assert (outcome.status, outcome.reason) == (StepStatus.SKIPPED, reason)
        await assert_skipped(desk, reason)

    @pytest.mark.parametrize("scope", ["all", "marketing"])
    async def test_is_skipped_for_a_suppressed_address_however_it_is_written(
        self, desk: Desk, scope: str
    ) -> None:
        await desk.has_run()
        await suppressed(desk, scope, "unsubscribed", "ADA@example.org ")

        outcome = await desk.sends()

        assert outcome.reason == "suppressed: unsubscribed"
        await assert_skipped(desk, "suppressed: unsubscribed")

    async def test_is_skipped_after_a_purchase_that_the_run_has_not_heard_of(
        self, desk: Desk
    ) -> None:
        await desk.has_run()
        await desk.has(event("bought", NOON + timedelta(minutes=1), name=ORDER_COMPLETED))

        outcome = await desk.sends(ends_on=(ORDER_COMPLETED,))

        assert outcome.reason == "overtaken: Order Completed"
        await assert_skipped(desk, "overtaken: Order Completed")

    async def test_is_skipped_when_the_order_it_is_about_is_void(self, desk: Desk) -> None:
        for number, status in enumerate(("refunded", "cancelled")):
            customer = {"id": f"cus_{number}", "external_id": str(number)}
            await desk.has(
                ada(**customer, consents={"marketing": ["email"]}),
                run(
                    f"run_{number}",
                    journey="review-request",
                    key=status,
                    customer_id=f"cus_{number}",
                ),
                tables.Order(
                    id=status, customer_id=f"cus_{number}", status=status, updated_at=NOON
                ),
            )

        outcomes = [await desk.sends("how-was-it", run_id=f"run_{n}") for n in (0, 1)]

        assert [o.reason for o in outcomes] == ["order refunded or cancelled"] * 2
        assert desk.postbox.attempts == 0

    async def test_is_skipped_when_the_survivor_of_a_merge_has_such_a_run_too(
        self, desk: Desk
    ) -> None:
        await desk.has(
            ada(consents={"marketing": ["email"]}),
            ada(id="cus_visitor", external_id=None, merged_into="cus_ada"),
            run(customer_id="cus_visitor"),
        )

        outcome = await desk.sends()

        assert outcome.reason == f"overtaken: {CUSTOMER_MERGED}"
        assert desk.postbox.attempts == 0

    async def test_stays_skipped_when_the_reason_is_gone(self, desk: Desk) -> None:
        await desk.has_run(customer={"consents": {}})
        first = await desk.sends()
        await desk.knows(consents={"marketing": ["email"]})

        again = await desk.sends()

        assert again == first
        await assert_skipped(desk, "no consent")

    async def test_is_an_error_for_a_run_that_nobody_knows(self, desk: Desk) -> None:
        with pytest.raises(ApplicationError, match="No run run_1") as caught:
            await desk.sends()

        assert caught.value.non_retryable


class TestAMailThatMayLeave:
    async def test_leaves_for_the_customer_and_is_on_record(self, desk: Desk) -> None:
        await desk.has_run()

        outcome = await desk.sends()

        message, [mail] = await desk.message(), desk.postbox.mails
        assert (outcome.status, outcome.message_id) == (StepStatus.SENT, message.id)
        assert (mail.message_id, mail.to_address) == (message.id, "ada@example.org")
        assert (message.status, message.provider, message.attempts) == ("accepted", "postbox", 1)
        assert (message.provider_message_id, message.sent_at) == ("p0", NOON)
        assert (message.to_address, message.subject) == ("ada@example.org", mail.subject)

    @pytest.mark.parametrize(
        ("named", "properties", "at"),
        [
            ("what the run did not listen to", {"name": "Product Viewed"}, NOON),
            ("imported history", {"name": ORDER_COMPLETED, "is_history": True}, NOON),
            ("from before the run", {"name": ORDER_COMPLETED}, NOON - timedelta(seconds=1)),
            ("somebody else's", {"name": ORDER_COMPLETED, "customer_id": "cus_bob"}, NOON),
        ],
    )
    async def test_is_not_overtaken_by_events_that_end_nothing(
        self, desk: Desk, named: str, properties: dict[str, Any], at: Any
    ) -> None:
        await desk.has_run()
        await desk.has(ada(id="cus_bob", external_id="bob"), event(named, at, **properties))

        outcome = await desk.sends(ends_on=(ORDER_COMPLETED,))

        assert outcome.sent

    async def test_is_not_overtaken_by_the_order_that_began_the_run(self, desk: Desk) -> None:
        await desk.has_run(started_by="first order", journey="win-back")
        await desk.has(event("first order", name=ORDER_COMPLETED))

        outcome = await desk.sends("we-miss-you", ends_on=(ORDER_COMPLETED,))

        assert outcome.sent

    async def test_goes_to_the_survivor_of_a_merge_that_took_the_run_along(
        self, desk: Desk
    ) -> None:
        await desk.has_run(customer={"email": "ada@new.example"})
        await desk.has(ada(id="cus_visitor", external_id=None, merged_into="cus_ada"))

        await desk.sends()

        assert [mail.to_address for mail in desk.postbox.mails] == ["ada@new.example"]

    async def test_is_claimed_before_the_provider_is_called(self, desk: Desk) -> None:
        await desk.has_run()
        seen: list[tables.Message] = []

        async def look(_: Mail) -> None:
            seen.append(await desk.message())

        await desk.sends(channel=During(desk.postbox, look))

        assert [(m.status, m.claimed_at, m.attempts) for m in seen] == [("sending", NOON, 1)]

    async def test_is_kept_as_it_left(self, desk: Desk) -> None:
        await desk.has_run()

        outcome = await desk.sends()

        [mail] = desk.postbox.mails
        async with desk.database.reading() as session:
            kept = await session.get_one(tables.MessageContent, outcome.message_id)
        assert (kept.html, kept.text, kept.headers) == (mail.html, mail.text, dict(mail.headers))

    async def test_is_sent_once_however_often_it_is_asked_for(self, desk: Desk) -> None:
        await desk.has_run()
        first = await desk.sends()

        again = await desk.sends()

        assert again == first
        assert desk.postbox.attempts == 1

    async def test_is_another_mail_when_the_story_comes_by_again(self, desk: Desk) -> None:
        await desk.has_run()
        first = await desk.sends()

        second = await desk.sends(occurrence=2)

        assert second.sent
        assert second.message_id != first.message_id


class TestAPausedJourney:
    async def test_holds_its_mails_and_sends_them_when_it_goes_on(self, desk: Desk) -> None:
        await desk.has_run()
        await desk.has(tables.JourneyState(journey="cart-abandonment", paused_at=NOON))

        held = await desk.sends()
        on_record, status = await desk.message(), (await desk.run()).status
        async with desk.database.writing() as session:
            (await session.get_one(tables.JourneyState, "cart-abandonment")).paused_at = None
        desk.clock.passes(minutes=15)
        later = await desk.sends(asked_at=NOON)

        assert (held.status, held.until) == (StepStatus.HELD, NOON + timedelta(minutes=15))
        assert (on_record.status, on_record.reason) == ("held", "the journey is paused")
        assert (on_record.held_until, status) == (held.until, RunStatus.HELD)
        assert later.sent
        assert (await desk.message()).held_until is None
        assert (await desk.run()).status == RunStatus.WAITING

    async def test_skips_what_it_held_for_more_than_a_week(self, desk: Desk) -> None:
        await desk.has_run()
        await desk.has(tables.JourneyState(journey="cart-abandonment", paused_at=NOON))
        await desk.sends()
        desk.clock.passes(days=7, minutes=1)

        await desk.sends(asked_at=NOON)

        await assert_skipped(desk, "expired")

    async def test_skips_what_became_pointless_meanwhile(self, desk: Desk) -> None:
        await desk.has_run()
        await desk.has(tables.JourneyState(journey="cart-abandonment", paused_at=NOON))
        await desk.sends()
        await suppressed(desk, "marketing", "unsubscribed")

        await desk.sends()

        await assert_skipped(desk, "suppressed: unsubscribed")
        assert (await desk.message()).held_until is None
