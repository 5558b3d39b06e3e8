from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.events import CART_UPDATED, CUSTOMER_LAPSED, ORDER_COMPLETED, PAGE_VIEWED
from store import tables
from tests.fakes.front_door import FrontDoor

MUG = {"products": [{"product_id": "mug"}]}
#: Traits of somebody who may be written to, and whom no journey welcomes any more.
CUSTOMER_OF_OLD: dict[str, Any] = {
    "email": "a@example.org",
    "createdAt": "2020-05-01",
    "marketing_consent": ["email"],
}


async def people(door: FrontDoor) -> list[tables.Customer]:
    """Everybody who is somebody still."""
    return [c for c in await door.all(tables.Customer) if c.merged_into is None]


class TestAVisitor:
    async def test_is_one_person_as_long_as_the_browser_is(self, door: FrontDoor) -> None:
        await door.takes(door.track("First", user=None, browser="b-1"))
        await door.takes(door.track("Second", user=None, browser="b-1"))
        await door.takes(door.track("Else", user=None, browser="b-2"))

        assert len(await people(door)) == 2

    async def test_becomes_the_user_who_signs_in(self, door: FrontDoor) -> None:
        await door.takes(door.track("Looked", user=None, browser="b-1"))

        await door.takes(door.identify(user="ada", browser="b-1", firstName="Ada"))

        assert await door.done_by("ada") == ["Looked", "Identified"]
        assert [person.external_id for person in await people(door)] == ["ada"]

    async def test_becomes_the_user_whatever_comes_first_in_a_call(self, door: FrontDoor) -> None:
        await door.takes(
            door.track("Looked", user=None, browser="b-1"),
            door.track("Signed In", user="ada", browser="b-1"),
            door.track("Looked again", user=None, browser="b-1"),
        )

        assert await door.done_by("ada") == ["Looked", "Signed In", "Looked again"]

    async def test_is_merged_into_a_user_who_is_known(self, door: FrontDoor) -> None:
        await door.knows("ada")
        await door.takes(door.track("Looked", user=None, browser="b-1"))

        await door.takes(door.identify(user="ada", browser="b-1"))

        assert sorted(await door.done_by("ada")) == ["Identified", "Identified", "Looked"]
        assert [person.external_id for person in await people(door)] == ["ada"]

    async def test_brings_along_what_was_known_of_them(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user="ada", email="ada@example.org"))
        door.clock.passes(minutes=5)
        await door.takes(door.identify(user=None, browser="b-1", firstName="A.", locale="de"))
        await door.takes(door.track(PAGE_VIEWED, user=None, browser="b-1"))

        await door.takes(door.track("Signed In", user="ada", browser="b-1"))

        ada = await door.customer("ada")
        assert (ada.email, ada.first_name, ada.locale) == ("ada@example.org", "A.", "de")
        assert ada.last_active_at == door.clock()


class TestASharedBrowser:
    async def test_leaves_two_users_two_people(self, door: FrontDoor) -> None:
        await door.takes(door.track("Of Ada", user="ada", browser="b-1"))
        await door.takes(door.track("Of Bob", user="bob", browser="b-1"))

        assert await door.done_by("ada") == ["Of Ada"]
        assert await door.done_by("bob") == ["Of Bob"]

    async def test_belongs_to_who_signed_in_last(self, door: FrontDoor) -> None:
        await door.takes(door.track("Of Ada", user="ada", browser="b-1"))
        await door.takes(door.track("Of Bob", user="bob", browser="b-1"))

        await door.takes(door.track("Of the browser", user=None, browser="b-1"))
        await door.takes(door.track("Of Ada again", user="ada", browser="b-1"))
        await door.takes(door.track("Of the browser again", user=None, browser="b-1"))

        assert await door.done_by("bob") == ["Of Bob", "Of the browser"]
        assert await door.done_by("ada") == ["Of Ada", "Of Ada again", "Of the browser again"]

    async def test_belongs_to_who_signed_in_last_within_a_call(self, door: FrontDoor) -> None:
        comings = [door.track("Came", user=user, browser="b-1") for user in ("ada", "bob", "ada")]

        await door.takes(*comings, door.track("Looked", user=None, browser="b-1"))

        assert await door.done_by("ada") == ["Came", "Came", "Looked"]
        assert await door.done_by("bob") == ["Came"]


class TestAnAlias:
    async def test_joins_a_visitor_with_a_user(self, door: FrontDoor) -> None:
        await door.takes(door.track("Looked", user=None, browser="b-1"))
        await door.knows("ada")

        await door.takes(door.alias("b-1", "ada"))

        assert "Looked" in await door.done_by("ada")
        assert len(await people(door)) == 1

    async def test_makes_a_visitor_the_user(self, door: FrontDoor) -> None:
        await door.takes(door.track("Looked", user=None, browser="b-1"))

        await door.takes(door.alias("b-1", "ada"))

        assert await door.done_by("ada") == ["Looked", "Aliased"]
        assert (await door.customer("ada")).external_id == "ada"

    async def test_joins_two_users_who_are_one(self, door: FrontDoor) -> None:
        await door.knows("old", firstName="Ada")
        await door.knows("new")

        await door.takes(door.alias("old", "new"))

        assert (await door.customer("old")).id == (await door.customer("new")).id
        assert (await door.customer("old")).first_name == "Ada"
        assert (await door.customer("old")).external_id == "new"

    async def test_by_somebody_who_may_not_leaves_two_users_two(self, door: FrontDoor) -> None:
        await door.knows("old", firstName="Ada")
        await door.knows("new")

        await door.takes(replace(door.alias("old", "new"), may_join_users=False))

        assert (await door.customer("old")).id != (await door.customer("new")).id
        assert (await door.customer("new")).first_name is None
        assert (await door.done_by("new"))[-1] == "Aliased"

    async def test_by_somebody_who_may_not_still_makes_a_visitor_known(
        self, door: FrontDoor
    ) -> None:
        await door.takes(door.track("Looked", user=None, browser="b-1"))
        await door.knows("ada")

        await door.takes(replace(door.alias("b-1", "ada"), may_join_users=False))

        assert "Looked" in await door.done_by("ada")

    @pytest.mark.parametrize("later", ["browser", "user"])
    async def test_counts_also_when_it_comes_before_what_it_speaks_of(
        self, door: FrontDoor, later: str
    ) -> None:
        ids: dict[str, Any] = {"user": None, later: "b-1"}
        await door.takes(door.alias("b-1", "ada"))

        await door.takes(door.track("Looked", **ids))

        assert await door.done_by("ada") == ["Aliased", "Looked"]

    async def test_of_somebody_with_themselves_changes_nothing(self, door: FrontDoor) -> None:
        await door.knows("ada")

        await door.takes(door.alias("ada", "ada"))

        assert len(await people(door)) == 1

    async def test_can_go_round_in_a_circle(self, door: FrontDoor) -> None:
        for user in ("a", "b", "c"):
            await door.takes(door.track("Looked", user=user))

        await door.takes(door.alias("a", "b"), door.alias("b", "c"), door.alias("c", "a"))

        assert len(await people(door)) == 1
        assert (await door.done_by("b")).count("Looked") == 3


class TestTheRunsOfAMergedVisitor:
    async def test_go_on_as_the_users(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user=None, browser="b-1", **CUSTOMER_OF_OLD))
        await door.takes(door.track(CART_UPDATED, user=None, browser="b-1", about=MUG))
        await door.takes(door.track("Signed In", user="ada"))

        await door.takes(door.track("Signed In", user="ada", browser="b-1"))
        await door.takes(door.track(ORDER_COMPLETED, user="ada"))

        assert await door.signals() == [("cart-abandonment", "Order Completed")]
        [run] = await door.all(tables.Run)
        assert run.customer_id == (await door.customer("ada")).id

    async def test_end_as_merged_where_the_user_has_one_already(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user=None, browser="b-1", **CUSTOMER_OF_OLD))
        await door.takes(door.track(CART_UPDATED, user=None, browser="b-1", about=MUG))
        await door.knows("ada")
        await door.takes(door.track(CART_UPDATED, user="ada", about=MUG))

        await door.takes(door.track("Signed In", user="ada", browser="b-1"))

        assert await door.signals() == [("cart-abandonment", "Customer Merged")]
        loser, survivor = await door.all(tables.Run)
        rows = await door.all(tables.Dispatch)
        assert [row.run_id for row in rows if row.kind == "signal"] == [loser.id]
        assert survivor.customer_id == (await door.customer("ada")).id

    async def test_that_are_over_count_for_entering_again(self, door: FrontDoor) -> None:
        view = {"product_id": "mug", "dwell_seconds": 90}
        await door.takes(door.identify(user=None, browser="b-1", **CUSTOMER_OF_OLD))
        await door.takes(door.track("Product Viewed", user=None, browser="b-1", about=view))
        await door.ends("browse-abandonment")
        await door.knows("ada")

        door.clock.passes(hours=1)
        await door.takes(door.track("Product Viewed", user="ada", browser="b-1", about=view))

        assert await door.started() == ["browse-abandonment"]


class TestOurOwnIdOfAMergedVisitor:
    async def test_means_the_user_as_all_others_of_the_call_know_them(
        self, door: FrontDoor
    ) -> None:
        await door.knows("ada")
        await door.takes(door.track("Looked", user=None, browser="b-1"))
        [visitor] = [c for c in await people(door) if c.external_id is None]
        await door.takes(door.track("Signed In", user="ada", browser="b-1"))
        door.clock.passes(hours=1)
        found_out = replace(
            door.track(CUSTOMER_LAPSED, user=None), anonymous_id=None, customer_id=visitor.id
        )

        await door.takes(
            door.identify(user="ada", browser="b-2", firstName="Ada", marketing_consent=[]),
            found_out,
            door.track(ORDER_COMPLETED, browser="b-3", about={"order_id": "1001"}),
        )

        ada = await door.customer("ada")
        assert (ada.first_name, ada.consents) == ("Ada", {"marketing": []})


class TestConsentsOfTheMerged:
    async def _merged(self, door: FrontDoor) -> dict[str, list[str]]:
        door.clock.passes(minutes=1)
        await door.takes(door.track("Signed In", user="ada", browser="b-1"))
        return (await door.customer("ada")).consents

    async def test_are_the_last_word_of_both(self, door: FrontDoor) -> None:
        await door.takes(
            door.identify(user=None, browser="b-1", marketing_consent=["email", "sms"])
        )
        door.clock.passes(minutes=1)
        await door.takes(door.identify(user="ada", marketing_consent=["push"]))

        assert await self._merged(door) == {"marketing": ["push"]}

    async def test_may_be_the_visitors(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user="ada", marketing_consent=["push"]))
        door.clock.passes(minutes=1)
        await door.takes(door.identify(user=None, browser="b-1", marketing_consent=["email"]))

        assert await self._merged(door) == {"marketing": ["email"]}

    async def test_can_be_withdrawn_by_what_the_shop_repeats_no_more(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user="ada", marketing_consent=False))
        door.clock.passes(minutes=1)
        await door.takes(door.identify(user=None, browser="b-1", marketing_consent=["email"]))
        assert await self._merged(door) == {"marketing": ["email"]}

        door.clock.passes(minutes=1)
        await door.takes(door.identify(user="ada", marketing_consent=False))

        assert (await door.customer("ada")).consents == {"marketing": []}


class TestIdsOfAnyLength:
    async def test_of_the_longest_kind_stay_apart(self, door: FrontDoor) -> None:
        same = "x" * 254
        await door.takes(door.track("Of A", user=f"{same}a", browser=f"{same}a"))
        await door.takes(door.track("Of B", user=f"{same}b", browser=f"{same}b"))

        assert await door.done_by(f"{same}a") == ["Of A"]

    async def test_of_a_user_and_a_browser_may_be_the_same(self, door: FrontDoor) -> None:
        await door.takes(door.track("Of the user", user="1"))
        await door.takes(door.track("Of the browser", user=None, browser="1"))

        assert await door.done_by("1") == ["Of the user"]


class TestTime:
    async def test_between_two_who_become_one_does_not_matter(self, door: FrontDoor) -> None:
        await door.takes(door.track("Looked", user=None, browser="b-1", ago=timedelta(days=30)))
        await door.knows("ada")
        await door.takes(door.alias("b-1", "ada"))

        await door.takes(door.track("Looked", user=None, browser="b-1"))

        assert (await door.done_by("ada")).count("Looked") == 2
