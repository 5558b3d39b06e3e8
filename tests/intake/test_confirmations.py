"""The click on the link that asks: what it lets hold, and what it cannot."""

from collections.abc import AsyncIterator

import pytest

from domain.opt_in import Confirmation
from store.sessions import Database
from store.suppressions import suppressions_of
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.fakes.opt_in import HELD, NEW, asks, confirms, last_word, mail, says


@pytest.fixture
async def door(database: Database) -> AsyncIterator[FrontDoor]:
    async with open_front_door(database, double_opt_in=True) as door:
        yield door


class TestAConfirmation:
    async def test_lets_the_consent_hold_with_its_proof(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        asked = await asks(door)
        requested_at = door.clock().isoformat()
        door.clock.passes(hours=5)

        done = await confirms(door, asked)

        word = await last_word(door)
        assert done is Confirmation.CONFIRMED
        assert (await door.customer()).consents == HELD
        assert (word.basis, word.source, word.happened_at, word.wording) == (
            "double_opt_in",
            "confirmation",
            door.clock(),
            "Offers by e-mail",
        )
        assert word.evidence == {
            "message_id": asked,
            "requested_at": requested_at,
            "user_agent": "Firefox",
        }

    async def test_tells_the_run_that_asked_and_starts_the_welcome(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        await confirms(door, await asks(door))

        assert await door.signals() == [("double-opt-in", "Subscribed")]
        assert await door.started() == ["double-opt-in", "welcome"]

    async def test_is_made_once(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        asked = await asks(door)
        await confirms(door, asked)

        again = await confirms(door, asked)

        assert again is Confirmation.HELD_ALREADY
        assert (await door.done_by()).count("Subscribed") == 1

    async def test_comes_too_late_after_a_week(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        asked = await asks(door)
        door.clock.passes(days=7, seconds=1)

        assert await confirms(door, asked) is Confirmation.OUTDATED
        assert (await door.customer()).consents["marketing"] == []

    async def test_cannot_be_made_by_a_mail_to_another_address(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        asked = await asks(door, to="eve@example.org")

        assert await confirms(door, asked) is Confirmation.OUTDATED

    async def test_of_nothing_is_outdated(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org"))

        assert await confirms(door, "msg_1") is Confirmation.OUTDATED

    @pytest.mark.parametrize("source", ["unsubscribe", "preferences"])
    async def test_frees_an_address_that_its_owner_had_unsubscribed(
        self, door: FrontDoor, source: str
    ) -> None:
        await door.takes(door.identify(**NEW))
        await confirms(door, await asks(door))
        await says(door, mail(granted=False), source=source)
        door.clock.passes(days=2)
        await says(door, mail())
        asked_only = await blocked(door)
        await confirms(door, await asks(door))

        assert asked_only == ["unsubscribed"]
        assert await blocked(door) == []


class TestWhoWasErasedAndComesBack:
    async def test_is_free_by_the_click_alone(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        await door.intake.erase((await door.customer()).id, actor="shop")
        await door.takes(door.identify(**NEW))
        asked_only = await blocked(door)

        await confirms(door, await asks(door))

        assert asked_only == ["erased"]
        assert await blocked(door) == []


async def blocked(door: FrontDoor) -> list[str]:
    async with door.database.reading() as session:
        found = await suppressions_of(session, "ada@example.org")
    return [one.reason for one in found]
