from datetime import date, timedelta
from typing import Any

from domain.incoming import Call, Incoming
from store import tables
from tests.fakes.front_door import FrontDoor

HOUR = timedelta(hours=1)


class TestIdentify:
    async def test_fills_the_customer(self, door: FrontDoor) -> None:
        await door.takes(
            door.identify(
                email="Ada@Example.org",
                phone="+43 1 234567",
                firstName="Ada",
                lastName="Byron",
                locale="de_at",
                timezone="Europe/Vienna",
                address={"country": "at", "city": "Wien"},
                birthday="1990-04-23",
                plan="gold",
            )
        )

        ada = await door.customer()
        assert (ada.email, ada.email_key) == ("Ada@example.org", "ada@example.org")
        assert (ada.phone, ada.first_name, ada.last_name) == ("+431234567", "Ada", "Byron")
        assert (ada.locale, ada.timezone, ada.country) == ("de-AT", "Europe/Vienna", "AT")
        assert ada.birthday == date(1990, 4, 23)
        assert ada.attributes == {"address": {"city": "Wien"}, "plan": "gold"}

    async def test_keeps_five_hundred_own_traits_and_changes_them_still(
        self, door: FrontDoor
    ) -> None:
        many: dict[str, Any] = {f"trait-{n}": 1 for n in range(499)}
        more: dict[str, Any] = {"trait-0": 2, "newer": 3, "one too many": 4}
        await door.takes(door.identify(**many))
        door.clock.passes(minutes=1)

        await door.takes(door.identify(**more))

        known = (await door.customer()).attributes
        assert len(known) == 500
        assert (known["trait-0"], known["newer"], known.get("one too many")) == (2, 3, None)

    async def test_keeps_what_a_later_one_does_not_mention(self, door: FrontDoor) -> None:
        await door.takes(door.identify(firstName="Ada", plan="gold"))
        door.clock.passes(minutes=1)

        await door.takes(door.identify(firstName="Augusta", city="London"))

        ada = await door.customer()
        assert ada.first_name == "Augusta"
        assert ada.attributes == {"plan": "gold", "city": "London"}

    async def test_that_comes_late_only_fills_gaps(self, door: FrontDoor) -> None:
        await door.takes(door.identify(firstName="Augusta", plan="gold"))

        await door.takes(
            door.identify(firstName="Ada", lastName="Byron", plan="free", city="London", ago=HOUR)
        )

        ada = await door.customer()
        assert (ada.first_name, ada.last_name) == ("Augusta", "Byron")
        assert ada.attributes == {"plan": "gold", "city": "London"}

    async def test_ends_the_same_in_either_order(self, door: FrontDoor) -> None:
        for user, order in {"ada": (1, 2), "bob": (2, 1)}.items():
            calls = {
                1: door.identify(user=user, firstName="One", city="Linz", ago=2 * HOUR),
                2: door.identify(user=user, firstName="Two", plan="gold", ago=HOUR),
            }
            for number in order:
                await door.takes(calls[number])

        ada, bob = await door.customer("ada"), await door.customer("bob")
        assert (ada.first_name, ada.attributes) == (bob.first_name, bob.attributes)
        assert ada.first_name == "Two"

    async def test_with_a_trait_that_cannot_be_used_keeps_the_others(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="nonsense", firstName="Ada", locale={}))

        ada = await door.customer()
        assert (ada.email, ada.first_name, ada.locale) == (None, "Ada", None)

    async def test_does_not_put_personal_data_into_the_timeline(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org", firstName="Ada"))

        [event] = await door.all(tables.Event)
        assert event.properties == {"traits": ["email", "firstName"]}

    async def test_with_an_address_and_consent_opens_the_journeys_to_what_follows_in_the_same_call(
        self, door: FrontDoor
    ) -> None:
        look = {"product_id": "mug"}

        await door.takes(
            door.identify(email="ada@example.org", createdAt="2020-05-01", marketing_consent=True),
            door.track("Product Viewed", about=look, ago=HOUR),
            door.track("Product Viewed", about=look),
        )

        assert await door.started() == ["browse-abandonment"]


class TestTraitsInTheContextOfATrack:
    async def test_count_like_those_of_an_identify(self, door: FrontDoor) -> None:
        await door.takes(
            Incoming(
                message_id="m-a",
                call=Call.GROUP,
                happened_at=door.clock(),
                received_at=door.clock(),
                user_id="ada",
                traits={"firstName": "Ada"},
            )
        )

        assert (await door.customer()).first_name == "Ada"
        assert await door.done_by() == ["Grouped"]
