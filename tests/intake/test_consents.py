from datetime import timedelta

import pytest

from domain.errors import NotFound
from domain.events import CART_UPDATED
from domain.requests import ConsentRequest
from store import tables
from store.suppressions import suppressions_of
from tests.fakes.front_door import FrontDoor

HOUR = timedelta(hours=1)


def mail(*, granted: bool) -> ConsentRequest:
    return ConsentRequest(topic="marketing", channel="email", granted=granted)


async def changes(door: FrontDoor, *requests: ConsentRequest, source: str = "api") -> None:
    ada = await door.customer()
    await door.intake.change_consent(ada.id, requests, source=source, evidence={"ip": "::1"})


async def allowed(door: FrontDoor) -> list[str]:
    return (await door.customer()).consents.get("marketing", [])


async def reasons(door: FrontDoor) -> list[str]:
    async with door.database.reading() as session:
        found = await suppressions_of(session, "ada@example.org")
    return [f"{suppression.scope}: {suppression.reason}" for suppression in found]


class TestConsentByIdentify:
    async def test_is_not_there_unless_it_is_said(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org"))

        assert (await door.customer()).consents == {}

    async def test_is_kept_with_its_proof(self, door: FrontDoor) -> None:
        await door.takes(door.identify(marketing_consent=True, message_id="m-a"))

        proof = await door.all(tables.ConsentChange)
        assert [(p.channel, p.granted, p.source) for p in proof] == [
            ("email", True, "identify"),
            ("push", True, "identify"),
            ("sms", True, "identify"),
        ]
        assert proof[0].evidence == {"message_id": "m-a"}

    async def test_is_kept_as_a_refusal_of_what_is_not_named(self, door: FrontDoor) -> None:
        await door.takes(door.identify(marketing_consent=["sms"]))

        proof = await door.all(tables.ConsentChange)
        assert [(p.channel, p.granted) for p in proof] == [
            ("email", False),
            ("push", False),
            ("sms", True),
        ]

    async def test_is_taken_back_and_ends_what_is_under_way(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(CART_UPDATED))

        await door.takes(door.identify(marketing_consent=["sms"]))

        assert await allowed(door) == ["sms"]
        assert await door.signals() == [("cart-abandonment", "Unsubscribed")]

    async def test_that_never_was_cannot_be_taken_back(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org", marketing_consent=False))

        assert await door.done_by() == ["Identified"]

    async def test_repeated_does_not_undo_an_unsubscribe(self, door: FrontDoor) -> None:
        await door.knows(marketing_consent=True)
        door.clock.passes(days=1)
        await changes(door, mail(granted=False), source="unsubscribe")

        door.clock.passes(days=1)
        await door.knows(marketing_consent=True)

        assert await allowed(door) == ["push", "sms"]

    async def test_of_before_an_unsubscribe_does_not_undo_it_when_it_comes_late(
        self, door: FrontDoor
    ) -> None:
        await door.knows(marketing_consent=["sms", "email"])
        door.clock.passes(days=1)
        await changes(door, mail(granted=False), source="unsubscribe")

        await door.takes(door.identify(marketing_consent=True, ago=HOUR))

        assert await allowed(door) == ["push", "sms"]

    async def test_may_be_given_anew_after_it_was_taken_back_by_the_shop(
        self, door: FrontDoor
    ) -> None:
        for told in (True, False, True):
            door.clock.passes(minutes=1)
            await door.knows(marketing_consent=told)

        assert await allowed(door) == ["email", "push", "sms"]


class TestAnAddressThatWasUnsubscribed:
    async def test_is_free_again_when_the_shop_knew_of_it_and_says_otherwise(
        self, door: FrontDoor
    ) -> None:
        await door.knows(marketing_consent=True)
        await changes(door, mail(granted=False), source="unsubscribe")
        for told in (False, True):
            door.clock.passes(minutes=1)
            await door.knows(marketing_consent=told)

        assert await reasons(door) == []

    async def test_stays_blocked_when_the_shop_only_adds_another_channel(
        self, door: FrontDoor
    ) -> None:
        await door.knows(marketing_consent=["email"])
        await changes(door, mail(granted=False), source="unsubscribe")
        door.clock.passes(minutes=1)
        await door.knows(marketing_consent=["email", "sms"])

        assert await reasons(door) == ["marketing: unsubscribed"]


class TestConsentThatComesOutOfOrder:
    @pytest.mark.parametrize(
        ("first", "then", "held"), [(["email"], False, []), (False, ["email"], ["email"])]
    )
    async def test_is_the_last_word_by_the_time_it_was_spoken(
        self, door: FrontDoor, first: object, then: object, held: list[str]
    ) -> None:
        spoken_first = door.identify(marketing_consent=first, ago=2 * HOUR)
        spoken_then = door.identify(marketing_consent=then, ago=HOUR)

        await door.takes(spoken_then)
        await door.takes(spoken_first)

        assert await allowed(door) == held

    async def test_is_not_outdated_by_a_call_that_says_nothing_of_it(self, door: FrontDoor) -> None:
        await door.knows()
        door.clock.passes(days=1)
        await door.takes(door.identify(firstName="Ada"))

        await door.takes(door.identify(marketing_consent=False, ago=HOUR))

        assert await allowed(door) == []


class TestAnUnsubscribeThatTheShopTells:
    @pytest.mark.parametrize("name", ["Unsubscribed", "Email Marked as Spam"])
    async def test_takes_back_the_consent_and_ends_what_is_under_way(
        self, door: FrontDoor, name: str
    ) -> None:
        await door.knows(marketing_consent=True)
        await door.takes(door.track(CART_UPDATED))

        await door.takes(door.track(name, message_id="m-a"))

        assert await allowed(door) == ["push", "sms"]
        assert await door.signals() == [("cart-abandonment", name)]
        assert (await door.all(tables.ConsentChange))[-1].evidence == {"message_id": "m-a"}

    async def test_holds_against_an_older_consent_that_comes_later(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org", ago=2 * HOUR))
        await door.takes(door.track("Unsubscribed"))

        await door.takes(door.identify(marketing_consent=True, ago=HOUR))

        assert await allowed(door) == ["push", "sms"]

    async def test_gives_way_to_a_consent_that_was_given_later(self, door: FrontDoor) -> None:
        await door.knows(marketing_consent=True)

        await door.takes(door.track("Unsubscribed", ago=HOUR))

        assert await allowed(door) == ["email", "push", "sms"]

    async def test_counts_from_history_too_but_ends_nothing(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="a@example.org", marketing_consent=True, ago=HOUR))
        await door.takes(door.track(CART_UPDATED))

        await door.takes(door.track("Unsubscribed", is_history=True))

        assert await allowed(door) == ["push", "sms"]
        assert await door.signals() == []


class TestAChangeOfConsents:
    async def test_is_recorded_with_its_source_and_evidence(self, door: FrontDoor) -> None:
        await door.takes(door.identify(email="ada@example.org"))

        await changes(door, mail(granted=True), source="preferences")

        [proof] = await door.all(tables.ConsentChange)
        assert (proof.granted, proof.source, proof.evidence) == (True, "preferences", {"ip": "::1"})
        assert await allowed(door) == ["email"]

    async def test_that_withdraws_mail_ends_what_is_under_way(self, door: FrontDoor) -> None:
        await door.knows()
        await door.takes(door.track(CART_UPDATED))

        await changes(door, mail(granted=False))

        assert await door.signals() == [("cart-abandonment", "Unsubscribed")]
        assert "Unsubscribed" in await door.done_by()

    async def test_of_another_channel_ends_nothing(self, door: FrontDoor) -> None:
        await door.knows(marketing_consent=True)
        await door.takes(door.track(CART_UPDATED))

        await changes(door, ConsentRequest(topic="marketing", channel="sms", granted=False))

        assert await door.signals() == []
        assert await allowed(door) == ["email", "push"]

    async def test_that_says_what_holds_already_is_not_recorded_twice(
        self, door: FrontDoor
    ) -> None:
        await door.knows()

        await changes(door, mail(granted=True))
        await changes(door, mail(granted=False))
        await changes(door, mail(granted=False))

        of_mail = [p for p in await door.all(tables.ConsentChange) if p.channel == "email"]
        assert [proof.granted for proof in of_mail] == [True, False]
        assert (await door.done_by()).count("Unsubscribed") == 1

    @pytest.mark.parametrize("source", ["unsubscribe", "preferences"])
    async def test_by_the_person_blocks_the_address_until_they_agree_again(
        self, door: FrontDoor, source: str
    ) -> None:
        await door.knows()

        await changes(door, mail(granted=False), source=source)
        assert await reasons(door) == ["marketing: unsubscribed"]

        await changes(door, mail(granted=True), source=source)
        assert await reasons(door) == []

    async def test_by_the_shop_does_not_block_the_address(self, door: FrontDoor) -> None:
        await door.knows()

        await changes(door, mail(granted=False), source="api")

        assert await reasons(door) == []

    async def test_of_nobody_is_refused(self, door: FrontDoor) -> None:
        with pytest.raises(NotFound, match="cus_nobody"):
            await door.intake.change_consent("cus_nobody", [], source="api", evidence={})
