"""Mails as a whole: their headers and links, whom they go to, and what they promise."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.events import PRODUCT_REVIEWED
from domain.journeys import RunStatus
from domain.messages import StepStatus
from sending.channel import Mail, TryLater
from sending.links import LinkSubject
from sending.rendering import Templates
from store import tables
from tests.activities.conftest import Desk
from tests.fakes.mail_folder import mail_folder, saying
from tests.fakes.rows import NOON, event

OFFER = {"incentive": {"kind": "percent", "value": "10", "code": "TENT10", "valid_for": "P3D"}}


async def sent(desk: Desk, step: str, **request: Any) -> Mail:
    assert (await desk.sends(step, **request)).sent
    return desk.postbox.mails[-1]


class TestAMarketingMail:
    async def test_is_unsubscribed_from_with_one_click(self, desk: Desk) -> None:
        await desk.has_run()

        mail = await sent(desk, "kept-for-you")

        link = mail.headers["List-Unsubscribe"].strip("<>")
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail.headers["List-Id"] == "<marketing.shop.example>"
        assert link in mail.html
        assert desk.composer.links.read(link.rpartition("/")[2]) == LinkSubject(
            "cus_ada", mail.message_id
        )

    async def test_is_from_the_shop_to_the_customer(self, desk: Desk) -> None:
        await desk.has_run(customer={"last_name": "Lovelace"})

        mail = await sent(desk, "kept-for-you")

        assert (mail.from_name, mail.from_address) == ("Hazel & Co", "hello@shop.example")
        assert (mail.to_name, mail.to_address) == ("Ada Lovelace", "ada@example.org")
        assert mail.reply_to == "help@shop.example"
        assert mail.metadata == {
            "run_id": "run_1",
            "journey": "cart-abandonment",
            "step": "kept-for-you",
        }

    async def test_is_in_the_customers_language(self, desk: Desk) -> None:
        await desk.has_run(customer={"locale": "de-AT"})

        mail = await sent(desk, "kept-for-you")

        assert '<html lang="de"' in mail.html
        assert (await desk.message()).locale == "de"


class TestAnInternalMail:
    @pytest.fixture
    async def desk(self, desk: Desk) -> Desk:
        await desk.has_run(
            journey="review-request",
            key="o1",
            about={"product_ids": ["tent"]},
            customer={"locale": "de", "last_name": "Lovelace", "consents": {}},
        )
        return desk

    async def test_goes_to_the_support_desk_in_the_shops_language(self, desk: Desk) -> None:
        mail = await sent(desk, "support-alert")

        assert (mail.to_address, mail.to_name) == ("help@shop.example", None)
        assert mail.reply_to is None
        assert mail.subject == "Low rating: please get in touch"
        assert (await desk.message()).locale == "en"

    async def test_names_the_customer_by_the_shops_id_alone(self, desk: Desk) -> None:
        mail = await sent(desk, "support-alert")

        assert "4711" in mail.text
        for part in (mail.subject, mail.html, mail.text):
            assert not any(word in part for word in ("Ada", "Lovelace", "ada@example.org"))

    async def test_knows_no_name_whatever_its_words(self, desk: Desk, tmp_path: Path) -> None:
        words = saying("<mj-text>Call {{ person.first_name or 'them' }}.</mj-text>")
        folder = mail_folder(
            tmp_path / "templates", f"<!-- kind: internal -->\n{words}", footer="<mj-text />"
        )
        (folder / "mails" / "cart").rename(folder / "mails" / "review-request")
        desk.composer = replace(desk.composer, templates=Templates(folder))

        mail = await sent(desk, "kept")

        assert "Call them." in mail.text

    async def test_cannot_be_unsubscribed_from(self, desk: Desk) -> None:
        mail = await sent(desk, "support-alert")

        assert mail.headers == {}
        assert "unsubscribe" not in mail.html.lower()

    async def test_tells_the_stars_of_the_latest_review_of_the_order(self, desk: Desk) -> None:
        reviews = [("tent", 5, -1), ("tent", 4, 1), ("tent", 2, 2), ("lamp", 5, 3)]
        await desk.has(
            *(
                event(
                    f"review {n}",
                    NOON + timedelta(hours=hours),
                    name=PRODUCT_REVIEWED,
                    properties={"product_id": product, "rating": rating},
                )
                for n, (product, rating, hours) in enumerate(reviews)
            )
        )

        mail = await sent(desk, "support-alert")

        assert mail.subject == "2 of 5 stars: please get in touch"


class TestAReviewMail:
    async def asking(self, desk: Desk, **shop: Any) -> Mail:
        tent = tables.Product(
            id="tent/2", title="Tent", url="https://shop.example/tent#top", updated_at=NOON
        )
        await desk.has(tent)
        await desk.has_run(journey="review-request", key="o1", about={"product_ids": ["tent/2"]})
        desk.composer = replace(desk.composer, shop=replace(desk.composer.shop, **shop))
        return await sent(desk, "how-was-it")

    async def test_leads_to_the_reviews_on_the_product_s_own_page(self, desk: Desk) -> None:
        mail = await self.asking(desk)

        assert 'href="https://shop.example/tent#reviews"' in mail.html

    async def test_leads_to_where_the_shop_collects_reviews(self, desk: Desk) -> None:
        mail = await self.asking(desk, review_url="https://r.example/?p={product_id}&x=1")

        assert 'href="https://r.example/?p=tent%2F2&amp;x=1"' in mail.html


class TestAnOffer:
    async def test_is_made_with_its_code_and_its_end(self, desk: Desk) -> None:
        await desk.has_run(settings=OFFER)

        mail = await sent(desk, "incentive")

        assert "10% off your order" in mail.subject
        assert "TENT10" in mail.text
        assert "Valid until" in mail.text
        assert "March 5" in mail.text

    async def test_is_made_by_no_shop_that_did_not_configure_it(self, desk: Desk) -> None:
        await desk.has_run(settings={"incentive": None})

        mail = await sent(desk, "incentive")

        assert "Valid until" not in mail.text

    async def test_ends_when_it_was_first_said_to_end(self, desk: Desk) -> None:
        await desk.has_run(settings=OFFER)
        await sent(desk, "incentive")
        desk.clock.passes(days=2)

        second = await sent(desk, "incentive", occurrence=2)

        assert "TENT10" in second.text
        assert "March 5" in second.text

    async def test_is_not_repeated_once_it_is_over(self, desk: Desk) -> None:
        await desk.has_run(settings=OFFER)
        await sent(desk, "incentive")
        desk.clock.passes(days=3)

        second = await sent(desk, "incentive", occurrence=2)

        assert "TENT10" not in second.text

    async def test_lasts_from_the_first_mail_that_left_and_not_from_a_refused_try(
        self, desk: Desk
    ) -> None:
        await desk.has_run(settings=OFFER)
        desk.postbox.answers = [TryLater("503")]
        await desk.sends("incentive")
        desk.clock.passes(days=2)

        mail = await sent(desk, "incentive")

        assert "March 7" in mail.text


class TestAMailThatCannotBeRendered:
    @pytest.fixture
    async def desk(self, desk: Desk, tmp_path: Path) -> Desk:
        """Its only mail gets stuck on everybody called Lovelace."""
        stuck = "{% if person.first_name == 'Lovelace' %}{{ [].index('Lovelace') }}{% endif %}"
        folder = mail_folder(tmp_path / "templates", saying(f"<mj-text>{stuck}</mj-text>"))
        desk.composer = replace(desk.composer, templates=Templates(folder))
        await desk.has_run(journey="cart")
        return desk

    async def test_fails_and_says_why_in_the_ledger_alone(self, desk: Desk) -> None:
        await desk.knows(first_name="Lovelace")

        outcome = await desk.sends("kept")

        message = await desk.message()
        assert outcome.status is StepStatus.FAILED
        assert outcome.reason == "the mail cannot be rendered"
        assert message.status == "failed"
        assert message.reason == (
            "the mail cannot be rendered: cart/kept.mjml: this mail cannot be rendered for "
            "everybody ('Lovelace' is not in list): mend it."
        )
        assert desk.postbox.attempts == 0

    async def test_holds_up_its_run_no_longer(self, desk: Desk) -> None:
        desk.postbox.answers = [TryLater("503")]
        held = await desk.sends("kept")
        await desk.knows(first_name="Lovelace")

        await desk.sends("kept")

        assert held.status is StepStatus.HELD
        assert (await desk.run()).status == RunStatus.WAITING
        assert (await desk.message()).held_until is None
