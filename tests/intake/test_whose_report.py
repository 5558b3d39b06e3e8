"""Whose mail a report is about."""

import pytest

from store import tables
from tests.fakes.front_door import FrontDoor
from tests.fakes.provider import Provider, mailed


class TestWhoseMailItWas:
    async def test_is_found_by_the_providers_id(self, door: FrontDoor) -> None:
        provider = await mailed(door, provider_message_id="p-1")

        await provider.says("clicked", message_id=None, provider_message_id="p-1")

        assert (await provider.mail()).status == "delivered"
        assert await door.signals() == [("win-back", "Email Link Clicked")]

    async def test_may_be_nobodys(self, provider: Provider) -> None:
        await provider.says(
            "clicked",
            message_id="msg_of_somebody_else",
            provider_message_id="p-9",
            recipient="bob@example.org",
            raw={"email": "bob@example.org"},
        )

        [kept] = await provider.door.all(tables.DeliveryEvent)
        assert (kept.message_id, kept.raw) == (None, {})
        assert await provider.door.signals() == []

    async def test_does_not_matter_to_an_address_that_does_not_exist(
        self, provider: Provider
    ) -> None:
        await provider.says("bounced", bounce="hard", message_id=None, recipient="bob@example.org")

        assert await provider.suppressed("bob@example.org") == ["all: bounced"]
        assert await provider.suppressed("ada@example.org") == []

    async def test_may_be_that_of_somebody_who_was_merged(self, provider: Provider) -> None:
        await provider.door.knows("new")
        await provider.door.takes(provider.door.alias("ada", "new"))

        await provider.says("clicked")

        assert "Email Link Clicked" in await provider.door.done_by("new")
        assert await provider.door.signals() == [("win-back", "Email Link Clicked")]


class TestAnAddressThatWasCorrectedSince:
    """The mail went to a mistyped address, where somebody else may read it."""

    @pytest.fixture
    async def corrected(self, door: FrontDoor) -> Provider:
        provider = await mailed(door, to_address="typo@example.org")
        await door.takes(door.identify(email="typo@example.org"))
        await door.takes(door.identify(email="ada@example.org"))
        return provider

    @pytest.mark.parametrize(
        ("type_", "blocked"),
        [
            ("bounced", "all: bounced"),
            ("complained", "marketing: complained"),
            ("unsubscribed", "marketing: unsubscribed"),
        ],
    )
    async def test_is_blocked_without_its_former_customer(
        self, corrected: Provider, type_: str, blocked: str
    ) -> None:
        await corrected.says(type_, bounce="hard", recipient="typo@example.org")

        await assert_as_they_were(corrected)
        assert await corrected.suppressed("typo@example.org") == [blocked]

    @pytest.mark.parametrize("source", ["unsubscribe", "preferences"])
    async def test_is_left_by_the_links_of_its_mails_without_its_former_customer(
        self, corrected: Provider, source: str
    ) -> None:
        await corrected.door.chooses(granted=False, source=source, by_mail="msg_1")

        await assert_as_they_were(corrected)
        assert await corrected.suppressed("typo@example.org") == ["marketing: unsubscribed"]


class TestAnAddressThatAVisitorBrought:
    """Before they signed in they gave another address, and had a mail there."""

    @pytest.fixture
    async def merged(self, door: FrontDoor) -> Provider:
        provider = await mailed(door, to_address="private@example.org")
        visitor = door.identify(user=None, browser="b-1", email="private@example.org")
        await door.takes(visitor)
        await door.takes(door.track("Looked", browser="b-1"))
        return provider

    async def test_is_theirs_still_when_they_object(self, merged: Provider) -> None:
        await merged.door.chooses(granted=False, source="unsubscribe", by_mail="msg_1")

        assert (await merged.door.customer()).consents == {"marketing": []}
        assert await merged.suppressed("private@example.org") == ["marketing: unsubscribed"]
        assert await merged.suppressed("ada@example.org") == ["marketing: unsubscribed"]

    async def test_may_bounce_without_ending_anything(self, merged: Provider) -> None:
        await merged.says("bounced", bounce="hard", recipient="private@example.org")

        await assert_as_they_were(merged)


async def assert_as_they_were(provider: Provider) -> None:
    """Ada may be written to, and her journey goes on."""
    assert (await provider.door.customer()).consents == {"marketing": ["email"]}
    assert await provider.suppressed("ada@example.org") == []
    assert await provider.door.signals() == []


class TestAShopThatTracksClicksItself:
    async def test_lets_the_message_know(self, provider: Provider) -> None:
        door = provider.door
        await door.takes(door.track("Email Link Clicked", about={"message_id": "msg_1"}))

        mail = await provider.mail()
        assert mail.clicked_at == door.clock()
        assert mail.status == "delivered"

    async def test_cannot_speak_of_somebody_elses_mail(self, provider: Provider) -> None:
        door = provider.door
        await door.takes(
            door.track("Email Link Clicked", user="bob", about={"message_id": "msg_1"})
        )

        assert (await provider.mail()).clicked_at is None

    async def test_reaches_the_run_that_sent_the_mail_by_its_id(self, provider: Provider) -> None:
        await provider.door.takes(
            provider.door.track("Email Link Clicked", about={"message_id": "msg_1"})
        )

        assert await provider.door.signals() == [("win-back", "Email Link Clicked")]
        [run] = await provider.door.all(tables.Run)
        assert (await provider.door.all(tables.Event))[-1].properties["run_id"] == run.id
