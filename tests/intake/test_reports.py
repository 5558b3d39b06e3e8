from dataclasses import replace
from datetime import timedelta

import pytest

from domain.messages import MessageStatus
from domain.opt_in import CHANNEL, TOPIC
from store import tables
from store.consents import last_word
from tests.fakes.front_door import FrontDoor
from tests.fakes.provider import Provider, mailed


class TestAReport:
    @pytest.mark.parametrize(
        ("report", "status", "event"),
        [
            ({"type_": "queued"}, "accepted", None),
            ({"type_": "deferred"}, "deferred", "Email Deferred"),
            ({"type_": "delivered"}, "delivered", "Email Delivered"),
            ({"type_": "opened"}, "delivered", "Email Opened"),
            ({"type_": "clicked"}, "delivered", "Email Link Clicked"),
            ({"type_": "bounced", "bounce": "hard"}, "bounced", "Email Bounced"),
            ({"type_": "bounced", "bounce": "soft"}, "bounced", "Email Blocked"),
            ({"type_": "bounced", "bounce": "blocked"}, "bounced", "Email Blocked"),
            ({"type_": "rejected"}, "rejected", "Email Rejected"),
            ({"type_": "complained"}, "complained", "Email Marked as Spam"),
            ({"type_": "unsubscribed"}, "accepted", "Unsubscribed"),
            ({"type_": "subscribed"}, "accepted", None),
            ({"type_": "unknown"}, "accepted", None),
        ],
    )
    async def test_moves_the_message_and_is_an_event_of_the_customer(
        self, provider: Provider, report: dict[str, str], status: str, event: str | None
    ) -> None:
        before = await provider.door.done_by()

        await provider.says(**report)

        assert (await provider.mail()).status == status
        assert (await provider.door.done_by())[len(before) :] == ([event] if event else [])

    async def test_counts_once_however_often_it_comes(self, provider: Provider) -> None:
        report = provider.report("clicked")

        await provider.reports(report, report)
        await provider.reports(replace(report, type="bounced", bounce="hard"))

        assert (await provider.mail()).status == "delivered"
        assert (await provider.door.done_by()).count("Email Link Clicked") == 1
        assert await provider.suppressed() == []

    async def test_with_a_long_id_counts_like_any_other(self, provider: Provider) -> None:
        same = "x" * 10_000

        await provider.says("delivered", id=f"{same}1")
        await provider.says("bounced", bounce="hard", id=f"{same}2")

        assert (await provider.mail()).status == "bounced"
        assert await provider.suppressed() == ["all: bounced"]

    async def test_is_kept_as_it_came(self, provider: Provider) -> None:
        await provider.says("delivered", id="r-a", raw={"sg_event_id": "r-a"})

        [kept] = await provider.door.all(tables.DeliveryEvent)
        assert (kept.provider, kept.event_id, kept.message_id) == ("sendgrid", "r-a", "msg_1")
        assert kept.raw == {"sg_event_id": "r-a"}

    async def test_tells_the_run_that_sent_the_mail_of_a_click(self, provider: Provider) -> None:
        await provider.says("clicked", url="https://shop.example")

        assert await provider.door.signals() == [("win-back", "Email Link Clicked")]
        event = (await provider.door.all(tables.Event))[-1]
        assert event.properties["link_url"] == "https://shop.example"

    async def test_of_a_scanners_click_is_marked_and_is_no_event(self, provider: Provider) -> None:
        delivered, at = provider.report("delivered"), provider.door.clock()
        soon = provider.report("clicked", happened_at=at - timedelta(seconds=2))
        delivered = replace(delivered, happened_at=at - timedelta(seconds=4))

        await provider.reports(soon, delivered)

        kept = await provider.door.all(tables.DeliveryEvent)
        assert {row.type: row.machine for row in kept} == {"clicked": True, "delivered": False}
        assert "Email Link Clicked" not in await provider.door.done_by()
        assert (await provider.mail()).clicked_at is None

    async def test_of_a_click_soon_after_a_delivery_told_before_is_a_scanners(
        self, provider: Provider
    ) -> None:
        await provider.says("delivered")
        await provider.says("clicked")

        assert "Email Link Clicked" not in await provider.door.done_by()

    async def test_from_a_clock_that_is_ahead_happened_now(self, provider: Provider) -> None:
        ahead = provider.door.clock() + timedelta(days=1)

        await provider.says("clicked", happened_at=ahead)

        assert (await provider.mail()).clicked_at == provider.door.clock()
        assert (await provider.door.all(tables.Event))[-1].happened_at == provider.door.clock()


class TestDisorder:
    @pytest.mark.parametrize(
        ("types", "status"),
        [
            (("delivered", "deferred", "queued"), "delivered"),
            (("bounced", "delivered"), "bounced"),
            (("delivered", "bounced"), "bounced"),
            (("complained", "bounced", "delivered"), "complained"),
            (("delivered", "rejected"), "delivered"),
        ],
    )
    async def test_never_takes_a_later_state_back(
        self, provider: Provider, types: tuple[str, ...], status: str
    ) -> None:
        for type_ in types:
            await provider.says(type_)

        assert (await provider.mail()).status == status

    async def test_keeps_the_first_moment_of_each_kind(self, provider: Provider) -> None:
        noon = provider.door.clock()
        for minutes in (-5, -9, -1):
            await provider.says("opened", happened_at=noon + timedelta(minutes=minutes))

        assert (await provider.mail()).opened_at == noon - timedelta(minutes=9)

    @pytest.mark.parametrize("status", [MessageStatus.SENDING, MessageStatus.UNKNOWN])
    async def test_resolves_what_nobody_knew(self, door: FrontDoor, status: MessageStatus) -> None:
        provider = await mailed(door, status=status, sent_at=None)

        await provider.says("delivered")

        mail = await provider.mail()
        assert (mail.status, mail.sent_at) == ("delivered", door.clock())

    @pytest.mark.parametrize("status", [MessageStatus.SKIPPED, MessageStatus.FAILED])
    async def test_does_not_wake_what_was_given_up(
        self, door: FrontDoor, status: MessageStatus
    ) -> None:
        provider = await mailed(door, status=status)

        await provider.says("deferred")

        assert (await provider.mail()).status == status


class TestAMachine:
    @pytest.mark.parametrize(
        ("type_", "moment"), [("opened", "opened_at"), ("clicked", "clicked_at")]
    )
    async def test_that_opens_or_clicks_is_no_customer(
        self, provider: Provider, type_: str, moment: str
    ) -> None:
        await provider.says(type_, machine=True)

        mail = await provider.mail()
        assert (mail.status, getattr(mail, moment)) == ("delivered", None)
        assert await provider.door.signals() == []
        assert "Email" not in " ".join(await provider.door.done_by())


class TestAHardBounce:
    async def test_suppresses_the_address_and_ends_what_is_under_way(
        self, provider: Provider
    ) -> None:
        await provider.says("bounced", bounce="hard", reason="550 no such user")

        assert await provider.suppressed() == ["all: bounced"]
        assert await provider.door.signals() == [("win-back", "Email Bounced")]
        assert (await provider.mail()).reason == "550 no such user"

    @pytest.mark.parametrize("bounce", ["soft", "blocked", None])
    async def test_is_no_other_bounce(self, provider: Provider, bounce: str | None) -> None:
        await provider.says("bounced", bounce=bounce)

        assert await provider.suppressed() == []
        assert await provider.door.signals() == []

    async def test_suppresses_where_the_mail_went_when_the_report_does_not_say(
        self, provider: Provider
    ) -> None:
        await provider.says("bounced", bounce="hard", recipient=None)

        assert await provider.suppressed() == ["all: bounced"]


class TestAnObjection:
    @pytest.mark.parametrize(
        ("type_", "event"),
        [("complained", "Email Marked as Spam"), ("unsubscribed", "Unsubscribed")],
    )
    async def test_takes_back_consent_blocks_marketing_and_ends_what_is_under_way(
        self, provider: Provider, type_: str, event: str
    ) -> None:
        await provider.says(type_, id="r-a")

        assert (await provider.door.customer()).consents == {"marketing": []}
        assert await provider.suppressed() == [f"marketing: {type_}"]
        assert await provider.door.signals() == [("win-back", event)]
        proof = (await provider.door.all(tables.ConsentChange))[-1]
        assert (proof.source, proof.evidence["event_id"]) == (type_, "r-a")

    async def test_as_a_complaint_outlasts_the_consent_that_lifts_an_unsubscribe(
        self, provider: Provider
    ) -> None:
        door = provider.door
        await door.chooses(granted=False, source="unsubscribe")  # "report spam and unsubscribe"
        await provider.says("complained")

        await door.chooses(granted=True, source="preferences")

        assert await provider.suppressed() == ["marketing: complained"]


class TestAnObjectionThatIsReportedLate:
    """The reader objected, agreed anew ten minutes later, and only now the report is here."""

    @pytest.fixture
    async def late(self, provider: Provider) -> Provider:
        provider.door.clock.passes(minutes=10)
        await provider.door.chooses(granted=True, source="api", wording="Yes, again.")
        provider.door.clock.passes(minutes=10)
        return provider

    async def test_gives_way_to_the_consent_that_was_given_since(self, late: Provider) -> None:
        await objects(late, "unsubscribed")

        assert await held(late.door) == ([CHANNEL], True)
        assert await late.suppressed() == []
        assert await late.door.signals() == []

    async def test_is_heard_all_the_same_when_it_is_a_complaint(self, late: Provider) -> None:
        await objects(late, "complained")

        assert await held(late.door) == ([], False)
        assert await late.suppressed() == ["marketing: complained"]
        assert await late.door.signals() == [("win-back", "Email Marked as Spam")]

    @pytest.mark.parametrize("type_", ["unsubscribed", "complained"])
    async def test_is_the_same_after_a_merge(self, late: Provider, type_: str) -> None:
        await objects(late, type_)
        before = await held(late.door)

        await late.door.takes(late.door.track("Looked", user=None, browser="b-9"))
        await late.door.takes(late.door.track("Looked", browser="b-9"))

        assert await held(late.door) == before


async def objects(provider: Provider, type_: str) -> None:
    """The report of what was done a quarter of an hour ago."""
    at = provider.door.clock() - timedelta(minutes=15)
    await provider.says(type_, happened_at=at)


async def held(door: FrontDoor) -> tuple[list[str], bool]:
    """What the customer's row says of marketing, and whether the history grants it by e-mail."""
    ada = await door.customer()
    async with door.database.reading() as session:
        word = await last_word(session, ada.id, topic=TOPIC, channel=CHANNEL)
    return ada.consents[TOPIC], word is not None and word.granted
