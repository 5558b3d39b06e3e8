"""Two processes on one database, at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from domain.deliveries import DeliveryEvent
from domain.events import CART_UPDATED, PRODUCT_VIEWED
from domain.requests import ConsentRequest
from store import tables
from store.sessions import Database
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.fakes.rows import keep, message

ROUNDS = range(5)


@pytest.fixture
async def gateways(database: Database) -> AsyncIterator[tuple[FrontDoor, FrontDoor]]:
    async with AsyncExitStack() as stack:
        doors = []
        for owner in ("one", "two"):
            url = database._url.render_as_string(hide_password=False)
            own = Database.open(url)
            stack.push_async_callback(own.close)
            doors.append(await stack.enter_async_context(open_front_door(own, owner=owner)))
        yield doors[0], doors[1]


async def deadlocks(database: Database) -> int:
    """How many transactions the server gave up since each waited for another."""
    async with database.writing() as session:
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    async with database.reading() as session:
        return int((await session.execute(text(query))).scalar_one())


class TestTwoGateways:
    async def test_make_one_customer_of_a_new_user(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user = f"user-{number}"
            await asyncio.gather(
                one.takes(one.track("On the one", user=user)),
                two.takes(two.track("On the other", user=user)),
            )

            assert sorted(await one.done_by(user)) == ["On the one", "On the other"]

    async def test_make_one_customer_of_a_new_visitor(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            browser = f"b-{number}"
            await asyncio.gather(
                one.takes(one.track("On the one", user=None, browser=browser)),
                two.takes(two.track("On the other", user=None, browser=browser)),
            )
            await one.takes(one.track("Signed In", user=f"user-{number}", browser=browser))

            done = await one.done_by(f"user-{number}")
            assert sorted(done) == ["On the one", "On the other", "Signed In"]

    @pytest.mark.parametrize("dialect", ["postgresql"])
    async def test_do_not_wait_for_each_other_in_a_circle_when_a_visitor_becomes_a_user(
        self, gateways: tuple[FrontDoor, FrontDoor], database: Database
    ) -> None:
        one, two = gateways
        before = await deadlocks(database)

        for number in range(20):
            user, browser = f"user-{number}", f"b-{number}"
            await one.takes(one.track("Looked", user=None, browser=browser))
            await asyncio.gather(
                one.takes(one.track("Signed Up", user=user, browser=browser)),
                two.takes(two.track("Told by the shop", user=user)),
            )

        assert await deadlocks(database) == before

    async def test_take_the_same_messages_once(self, gateways: tuple[FrontDoor, FrontDoor]) -> None:
        one, two = gateways
        await one.knows()
        messages = [one.track(CART_UPDATED), *(one.track("Seen") for _ in range(30))]

        await asyncio.gather(one.takes(*messages), two.takes(*messages))

        assert len(await one.done_by()) == 1 + 31
        assert await one.started() == ["cart-abandonment"]

    async def test_start_one_run_at_a_time(self, gateways: tuple[FrontDoor, FrontDoor]) -> None:
        one, two = gateways
        for number in ROUNDS:
            user = f"user-{number}"
            await one.knows(user)

            await asyncio.gather(
                one.takes(one.track(CART_UPDATED, user=user)),
                two.takes(two.track(CART_UPDATED, user=user)),
            )

        assert await one.started() == ["cart-abandonment"] * len(ROUNDS)

    async def test_make_one_run_of_one_idempotency_key(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user = f"user-{number}"
            await one.knows(user)
            request = {"customer_id": user, "idempotency_key": user, "request_hash": "same"}

            started = await asyncio.gather(one.starts(**request), two.starts(**request))

            assert len({run.run_id for run in started}) == 1

    async def test_merge_while_the_other_listens(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user, browser = f"user-{number}", f"b-{number}"
            await one.knows(user)
            await one.takes(one.track("Before", user=None, browser=browser))

            await asyncio.gather(
                one.takes(one.alias(browser, user)),
                *(two.takes(two.track("During", user=None, browser=browser)) for _ in range(3)),
            )

            done = await one.done_by(user)
            assert (done.count("Before"), done.count("During")) == (1, 3)

    async def test_erase_while_the_other_listens(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user = f"user-{number}"
            await one.knows(user)
            erased = await one.customer(user)

            await asyncio.gather(
                one.intake.erase(erased.id, actor="shop"),
                *(two.takes(two.track("During", user=user)) for _ in range(3)),
            )

            events = await one.all(tables.Event)
            assert erased.id not in {event.customer_id for event in events}

    async def test_lose_no_word_about_consents(self, gateways: tuple[FrontDoor, FrontDoor]) -> None:
        one, two = gateways
        for number in ROUNDS:
            user = f"user-{number}"
            await one.knows(user, marketing_consent=True)
            ada = await one.customer(user)
            without = {
                channel: [ConsentRequest(topic="marketing", channel=channel, granted=False)]
                for channel in ("sms", "push")
            }

            await asyncio.gather(
                one.intake.change_consent(ada.id, without["sms"], source="api", evidence={}),
                two.intake.change_consent(ada.id, without["push"], source="api", evidence={}),
            )

            assert (await one.customer(user)).consents == {"marketing": ["email"]}

    async def test_learn_the_same_products(self, gateways: tuple[FrontDoor, FrontDoor]) -> None:
        one, two = gateways
        described = [{"product_id": f"p-{n}", "name": f"Product {n}"} for n in range(40)]
        forth = [one.track(PRODUCT_VIEWED, user="ada", about=about) for about in described]
        back = [two.track(PRODUCT_VIEWED, user="bob", about=about) for about in described[::-1]]

        await asyncio.gather(one.takes(*forth), two.takes(*back))

        assert len(await one.all(tables.Product)) == 40

    async def test_make_the_same_customers_in_opposite_orders(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        users = [f"user-{n:02}" for n in range(40)]
        forth = [one.track("On the one", user=user) for user in users]
        back = [two.track("On the other", user=user) for user in reversed(users)]

        await asyncio.gather(one.takes(*forth), two.takes(*back))

        assert len(await one.all(tables.Customer)) == 40
        assert sorted(await one.done_by("user-07")) == ["On the one", "On the other"]

    async def test_join_the_same_two_from_both_sides(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user, browsers = f"user-{number}", [f"left-{number}", f"right-{number}"]
            await one.knows(user)
            for browser in browsers:
                await one.takes(one.track("Before", user=None, browser=browser))

            left, right = (one.alias(browser, user) for browser in browsers)
            await asyncio.gather(one.takes(left, right), two.takes(right, left))

            assert (await one.done_by(user)).count("Before") == 2

    async def test_hear_of_a_mail_while_its_customer_is_joined(
        self, gateways: tuple[FrontDoor, FrontDoor]
    ) -> None:
        one, two = gateways
        for number in ROUNDS:
            user, browser = f"user-{number}", f"b-{number}"
            await one.knows(user)
            await one.takes(one.track("Before", user=None, browser=browser))
            run = await one.starts(customer_id=user)
            owner = (await one.customer(user)).id
            mail = message(f"msg_{number}", run_id=run.run_id, customer_id=owner)
            await keep(one.database, mail)
            report = DeliveryEvent(f"r-{number}", "clicked", one.clock(), message_id=mail.id)

            await asyncio.gather(
                one.takes(one.alias(browser, user), one.track("During", user=user)),
                two.intake.report("sendgrid", [report]),
            )

            done = await one.done_by(user)
            assert {"Before", "During", "Email Link Clicked"} <= {*done}
