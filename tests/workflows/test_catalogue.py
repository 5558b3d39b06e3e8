"""The list of journeys, held against what belongs to them."""

from pathlib import Path

import pytest
from temporalio import workflow

from domain.errors import Invalid
from domain.events import (
    CART_EMPTIED,
    EMAIL_LINK_CLICKED,
    ORDER_COMPLETED,
    ORDER_DELIVERED,
    PRODUCT_ADDED,
    VISITS,
)
from domain.journeys import JourneyResult, JourneySettings, JourneyStart
from runtime.listing import name_of, require_mails
from runtime.reading import steps_of
from sending.rendering import Templates
from workflows import catalogue
from workflows.cart_abandonment import CartAbandonment
from workflows.catalogue import CATALOGUE, JOURNEYS
from workflows.journey import Journey


@workflow.defn(name="win-back")
class Misspelled(Journey[JourneySettings]):
    """Sends a mail that nobody wrote."""

    @workflow.run
    async def run(self, start: JourneyStart[JourneySettings]) -> JourneyResult:  # noqa: ARG002 - as stories are
        await self.send("we-mis-you")
        return self.result()


class TestTheCatalogue:
    def test_lists_every_journey_that_is_written(self) -> None:
        files = Path(catalogue.__file__).parent.glob("*.py")

        unlisted = {file.stem for file in files if "(Journey[" in file.read_text()} - {
            *catalogue.LISTED
        }

        assert not unlisted, f"write these into LISTED in workflows/catalogue.py: {unlisted}"

    def test_listens_to_what_the_stories_mention(self) -> None:
        listens = {name: rules.listens for name, rules in CATALOGUE.items()}

        assert listens["browse-abandonment"] == {ORDER_COMPLETED, PRODUCT_ADDED, EMAIL_LINK_CLICKED}
        assert listens["cart-abandonment"] == {ORDER_COMPLETED, CART_EMPTIED}
        assert listens["win-back"] == {ORDER_COMPLETED, EMAIL_LINK_CLICKED, *VISITS}
        assert ORDER_DELIVERED not in listens["review-request"]

    def test_finds_the_steps_in_a_story(self) -> None:
        steps = steps_of(CartAbandonment)

        assert steps == ["kept-for-you", "incentive", "last-reminder", "thank-you"]

    def test_has_a_mail_for_each_step(self, templates: Templates) -> None:
        sent = {(name_of(journey), step) for journey in JOURNEYS for step in steps_of(journey)}

        assert sent <= set(templates.steps())

    def test_says_which_mail_is_missing(self, templates: Templates) -> None:
        with pytest.raises(Invalid, match=r"add templates/mails/win-back/we-mis-you\.mjml"):
            require_mails([Misspelled], templates.steps())
