"""Double opt-in as the shop's backend and the owner of an address meet it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.events import PRODUCT_ADDED
from domain.incoming import Call, Incoming
from domain.opt_in import Confirmation
from store import tables
from store.sessions import Database
from tests.fakes.front_door import FrontDoor, open_front_door
from tests.fakes.opt_in import HELD, NEW, asks, confirms, last_word, mail, says


@pytest.fixture
async def door(database: Database) -> AsyncIterator[FrontDoor]:
    async with open_front_door(database, double_opt_in=True) as door:
        yield door


@pytest.fixture
async def open_shop(database: Database) -> AsyncIterator[FrontDoor]:
    """A shop that asks for no confirmation."""
    async with open_front_door(database, owner="open") as door:
        yield door


class TestAConsentThatTheShopReports:
    async def test_waits_for_its_confirmation(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))

        ada = await door.customer()
        assert (ada.consents["marketing"], ada.pending) == ([], {"marketing": ["email"]})
        assert await door.done_by() == ["Identified", "Subscription Requested"]
        assert await door.started() == ["double-opt-in"]

    async def test_keeps_its_proof_meanwhile(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org"))
        await says(door, mail(wording="Yes, write to me."))

        word = await last_word(door)
        assert (word.granted, word.wording, word.evidence) == (
            False,
            "Yes, write to me.",
            {"form": "/news"},
        )
        assert word.confirm_until == door.clock() + timedelta(days=7)

    async def test_holds_at_once_when_it_was_confirmed_elsewhere(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org"))
        await says(door, mail(basis="double_opt_in"))

        assert (await door.customer()).consents == HELD
        assert await door.started() == ["welcome"]

    async def test_holds_at_once_when_it_is_history(self, door: FrontDoor) -> None:
        now = door.clock()
        past = Incoming("m-1", Call.IDENTIFY, now, now, user_id="ada", traits=NEW, is_history=True)
        await door.takes(past)

        assert (await door.customer()).consents == {"marketing": ["email"]}
        assert await door.started() == []

    async def test_holds_on_when_it_is_older_than_the_setting(
        self, door: FrontDoor, open_shop: FrontDoor
    ) -> None:
        await open_shop.knows()
        await door.knows(firstName="Ada")
        await door.knows(marketing_consent=["email", "sms"])

        assert (await door.customer()).consents == {"marketing": ["email", "sms"]}

    async def test_is_asked_for_once_however_often_the_shop_repeats_it(
        self, door: FrontDoor
    ) -> None:
        for _ in range(3):
            await door.takes(door.identify(**NEW))
            door.clock.passes(days=2)

        assert (await door.done_by()).count("Subscription Requested") == 1

    async def test_is_asked_for_again_by_a_new_form_a_day_later(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        await says(door, mail())
        door.clock.passes(days=1)
        await says(door, mail())

        assert (await door.done_by()).count("Subscription Requested") == 2
        assert await door.signals() == [("double-opt-in", "Subscription Requested")]

    async def test_starts_nothing_else(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW), door.track(PRODUCT_ADDED, about={"sku": "tent"}))

        assert await door.started() == ["double-opt-in"]

    async def test_ends_with_a_refusal(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        await says(door, mail(granted=False))

        assert (await door.customer()).pending == {"marketing": []}
        assert await door.signals() == [("double-opt-in", "Unsubscribed")]

    async def test_follows_a_visitor_who_turns_out_to_be_known(self, door: FrontDoor) -> None:
        await door.takes(door.identify(user=None, browser="b-1", **NEW))
        await door.takes(door.identify(user="ada"))
        await door.takes(door.identify(user="ada", browser="b-1"))

        assert (await door.customer()).pending == {"marketing": ["email"]}

    async def test_is_forgotten_with_the_person(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        ada = await door.customer()
        await door.intake.erase(ada.id, actor="test")

        assert [row.pending for row in await door.all(tables.Customer)] == [{}]


class TestAConsentThatAMergeBrings:
    """A visitor confirmed a private address, then signs in as a user with another."""

    @pytest.fixture
    async def visitor(self, door: FrontDoor) -> FrontDoor:
        private = NEW | {"email": "private@example.org"}
        await door.takes(door.identify(user=None, browser="b-1", **private))
        [run] = await door.all(tables.Run)
        await door.intake.confirm(
            run.customer_id, await asks(door, to="private@example.org"), wording="Yes", evidence={}
        )
        return door

    async def test_waits_for_the_address_that_remains(self, visitor: FrontDoor) -> None:
        await visitor.takes(visitor.identify(email="ada@example.org"))
        visitor.clock.passes(minutes=1)

        await visitor.takes(visitor.track("Looked", browser="b-1"))

        ada = await visitor.customer()
        assert (ada.email, ada.consents["marketing"], ada.pending) == ("ada@example.org", [], HELD)
        assert (await visitor.done_by())[-1] == "Subscription Requested"

    async def test_may_be_confirmed_though_the_merging_event_came_late(
        self, visitor: FrontDoor
    ) -> None:
        await visitor.takes(visitor.identify(email="ada@example.org"))
        visitor.clock.passes(minutes=1)
        await visitor.takes(visitor.track("Looked", browser="b-1", ago=timedelta(hours=1)))

        outcome = await confirms(visitor, await asks(visitor))

        assert outcome is Confirmation.CONFIRMED

    async def test_holds_on_where_the_address_is_the_same(self, visitor: FrontDoor) -> None:
        await visitor.takes(visitor.identify(email="Private@example.org"))

        await visitor.takes(visitor.track("Looked", browser="b-1"))

        assert (await visitor.customer()).consents == HELD

    async def test_leaves_the_user_what_they_had_confirmed(self, visitor: FrontDoor) -> None:
        await visitor.takes(visitor.identify(email="ada@example.org"))
        await says(visitor, mail(basis="double_opt_in"))

        await visitor.takes(visitor.track("Looked", browser="b-1"))

        assert (await visitor.customer()).consents == HELD


class TestWhatAPersonSaysThemselves:
    async def test_needs_no_confirmation(self, door: FrontDoor) -> None:
        await door.takes(door.identify(**NEW))
        sent = await asks(door)

        await door.chooses(granted=True, source="preferences", by_mail=sent)

        assert (await door.customer()).consents == HELD

    @pytest.mark.parametrize("by_mail", [None, "msg_unknown"])
    async def test_waits_when_nobody_knows_which_mailbox_they_read(
        self, door: FrontDoor, by_mail: str | None
    ) -> None:
        await door.takes(door.identify(email="ada@example.org"))

        await door.chooses(granted=True, source="preferences", by_mail=by_mail)

        assert (await door.customer()).pending == HELD

    async def test_counts_for_the_address_alone_at_which_they_read_it(
        self, door: FrontDoor
    ) -> None:
        await door.takes(door.identify(**NEW | {"email": "stranger@example.org"}))
        sent = await asks(door, to="stranger@example.org")
        await door.takes(door.identify(email="ada@example.org"))
        before = await last_word(door)

        await door.chooses(granted=True, source="preferences", by_mail=sent)

        assert (await door.customer()).consents["marketing"] == []
        assert (await last_word(door)).id == before.id
