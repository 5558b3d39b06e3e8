import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import Unavailable
from domain.events import CART_UPDATED, PRODUCT_VIEWED
from store import tables
from store.sessions import Database
from tests.fakes.clock import Clock
from tests.fakes.front_door import UNSTORABLE, FrontDoor, open_front_door


class TestAMessage:
    async def test_is_kept_as_an_event_of_its_customer(self, door: FrontDoor) -> None:
        await door.takes(door.track("Mug Dropped", message_id="m-a", about={"product_id": "mug"}))

        [event] = await door.all(tables.Event)
        assert (event.message_id, event.name) == ("m-a", "Mug Dropped")
        assert (event.subject, event.properties) == ("product:mug", {"product_id": "mug"})
        assert event.customer_id == (await door.customer("ada")).id

    async def test_changes_nothing_when_it_comes_again(self, door: FrontDoor) -> None:
        await door.knows()
        cart = door.track(CART_UPDATED, message_id="m-a")
        await door.takes(cart)

        await door.takes(cart)
        await door.takes(door.track(CART_UPDATED, message_id="m-a", user="bob"))

        assert await door.done_by("ada") == ["Identified", "Cart Updated"]
        assert await door.started() == ["cart-abandonment"]

    async def test_counts_once_within_a_call_and_keeps_its_first_place(
        self, door: FrontDoor
    ) -> None:
        first = door.track("First", message_id="m-a")

        await door.takes(first, door.track("Second"), door.track("Again", message_id="m-a"))

        assert await door.done_by() == ["First", "Second"]

    async def test_counts_once_when_it_comes_in_many_calls_at_once(self, door: FrontDoor) -> None:
        await door.knows()
        cart = door.track(CART_UPDATED, message_id="m-a")

        await asyncio.gather(*(door.takes(cart, door.track("Else")) for _ in range(20)))

        assert (await door.done_by()).count("Cart Updated") == 1
        assert await door.started() == ["cart-abandonment"]

    @pytest.mark.parametrize(
        "about",
        [
            {"message_id": {}},
            {"message_id": ["msg_1"]},
            {"run_id": {"a": 1}},
            {"dwell_seconds": 1e300},
            {"rating": 10**400},
            {"order_id": "o" * 10_000, "total": "9999999999.99999", "currency": "dollars"},
            {"order_id": "order-1", "products": [{"product_id": "mug", "quantity": 1e300}]},
            {"products": [{"product_id": "p" * 10_000, "name": "n" * 10_000, "price": "sNaN"}]},
        ],
    )
    @pytest.mark.parametrize("name", ["Order Completed", "Product Viewed", "Email Link Clicked"])
    async def test_may_say_the_strangest_things(
        self, door: FrontDoor, name: str, about: dict[str, object]
    ) -> None:
        await door.knows()

        await door.takes(door.track(name, about=about))

        assert name in await door.done_by()

    async def test_cannot_fill_a_customers_row_with_names_that_nobody_asks_for(
        self, door: FrontDoor
    ) -> None:
        await door.takes(*(door.track(f"Noise {number}") for number in range(200)))
        await door.takes(door.track("Order Completed"))

        assert list((await door.customer()).latest) == ["Order Completed"]


class TestACall:
    async def test_is_answered_when_what_it_brought_is_committed(self, door: FrontDoor) -> None:
        await asyncio.gather(
            *(door.takes(door.track("Seen", user=f"user-{number}")) for number in range(50))
        )

        assert len(await door.all(tables.Event)) == 50
        assert len(await door.all(tables.Customer)) == 50

    async def test_that_is_poisonous_does_not_hurt_the_others(self, door: FrontDoor) -> None:
        calls = [
            door.takes(door.track("Before")),
            door.takes(door.track("With it"), door.track(UNSTORABLE)),
            door.takes(door.track("After")),
        ]

        answers = await asyncio.gather(*calls, return_exceptions=True)

        assert [answer is None for answer in answers] == [True, False, True]
        assert await door.done_by() == ["Before", "After"]

    async def test_teaches_products_though_its_neighbour_was_poisonous(
        self, door: FrontDoor
    ) -> None:
        mug = {"product_id": "mug", "name": "Blue mug"}
        calls = [
            door.takes(door.track(PRODUCT_VIEWED, about=mug)),
            door.takes(door.track(UNSTORABLE)),
        ]

        await asyncio.gather(*calls, return_exceptions=True)

        assert [product.title for product in await door.all(tables.Product)] == ["Blue mug"]

    async def test_may_be_given_up_by_its_caller(self, door: FrontDoor) -> None:
        impatient = asyncio.create_task(door.takes(door.track("Impatient")))
        await asyncio.sleep(0)
        impatient.cancel()

        await door.takes(door.track("Patient"))

        assert "Patient" in await door.done_by()

    async def test_without_messages_is_answered_at_once(self, door: FrontDoor) -> None:
        await door.takes()

        assert await door.all(tables.Event) == []


class TestClosing:
    async def test_commits_what_still_waits(self, database: Database) -> None:
        async with open_front_door(database) as door:
            calls = [
                asyncio.create_task(door.takes(door.track("Seen", user=f"user-{number}")))
                for number in range(10)
            ]
            await asyncio.sleep(0)

        await asyncio.gather(*calls)
        assert len(await door.all(tables.Event)) == 10

    async def test_turns_away_who_comes_later(self, database: Database) -> None:
        async with open_front_door(database) as door:
            pass

        with pytest.raises(Unavailable, match="stopping"):
            await door.takes(door.track("Too late"))


class TestADatabaseThatIsGone:
    @pytest.fixture
    async def broken(self, migrated: Path, tmp_path: Path) -> AsyncIterator[FrontDoor]:
        """Fails at the last thing that is written: what Temporal has to be told."""
        database = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'broken.db')}")
        async with open_front_door(database) as door:
            await door.knows()
            async with database.writing() as session:
                await session.execute(text("ALTER TABLE dispatch RENAME TO elsewhere"))
            yield door
        await database.close()

    async def test_is_told_to_every_caller_and_nothing_is_kept(self, broken: FrontDoor) -> None:
        calls = [
            broken.takes(broken.track("Seen")),
            broken.takes(broken.track(CART_UPDATED)),
        ]

        answers = await asyncio.gather(*calls, return_exceptions=True)

        assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
        assert await broken.done_by() == ["Identified"]
        assert await broken.all(tables.Run) == []
        assert broken.deliverer.delivered == []

    async def test_takes_the_same_messages_when_it_is_back(self, broken: FrontDoor) -> None:
        cart = broken.track(CART_UPDATED)
        with pytest.raises(Unavailable):
            await broken.takes(cart)

        async with broken.database.writing() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO dispatch"))
        await broken.takes(cart)

        assert await broken.started() == ["cart-abandonment"]


class TestDelivery:
    async def test_follows_the_commit(self, door: FrontDoor) -> None:
        await door.knows()

        await door.takes(door.track(CART_UPDATED))

        [row] = door.deliverer.delivered
        assert (row.kind, row.name, row.owner) == ("start", "cart-abandonment", "test")

    async def test_knows_where_a_run_is_found_that_is_new_or_older(self, door: FrontDoor) -> None:
        await door.knows()
        for event in (CART_UPDATED, "Order Completed"):
            door.deliverer.addresses.clear()

            await door.takes(door.track(event))

            [run] = await door.all(tables.Run)
            found = {run.id: (run.id, run.workflow_id, run.settings_version)}
            assert door.deliverer.addresses == found

    async def test_waits_in_the_database_when_there_is_no_room(self, door: FrontDoor) -> None:
        await door.knows()
        door.deliverer.has_room = False

        await door.takes(door.track(CART_UPDATED))

        assert door.deliverer.delivered == []
        [row] = await door.all(tables.Dispatch)
        assert (row.owner, row.leased_until) == (None, door.clock())

    async def test_stays_behind_what_another_process_has_in_hand(self, door: FrontDoor) -> None:
        await door.knows()
        async with open_front_door(door.database, clock=door.clock, owner="other") as other:
            await other.takes(other.track(CART_UPDATED))

        await door.takes(door.track("Order Completed"))

        assert [(row.name, row.owner) for row in await door.all(tables.Dispatch)] == [
            ("cart-abandonment", "other"),
            ("Order Completed", None),
        ]
        assert door.deliverer.delivered == []


class CountingClock(Clock):
    """Says how often it was looked at: the intake does once a transaction."""

    looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return super().__call__()


class TestCallersWhoComeTogether:
    async def test_share_a_commit(self, database: Database) -> None:
        clock = CountingClock()
        async with open_front_door(database, clock=clock) as door:
            told = [door.track("Look") for _ in range(8)]
            clock.looks = 0

            await asyncio.gather(*map(door.takes, told))

        assert clock.looks == 1

    async def test_share_the_next_one_too_though_one_is_there_before_the_others(
        self, database: Database
    ) -> None:
        clock = CountingClock()
        async with open_front_door(database, clock=clock) as door:
            await asyncio.gather(*(door.takes(door.track("Look")) for _ in range(8)))
            told = [door.track("Look") for _ in range(8)]
            clock.looks = 0

            async def comes(place: int) -> None:
                for _ in range(5 * place):
                    await asyncio.sleep(0)
                await door.takes(told[place])

            await asyncio.gather(*map(comes, range(8)))

        assert clock.looks == 1
