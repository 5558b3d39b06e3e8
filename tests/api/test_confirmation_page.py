"""The page behind the link of a mail that asks whether somebody wants to be written to."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.app import Services
from domain.opt_in import Confirmation
from store.sessions import Database
from tests.fakes.intake import FakeIntake
from tests.fakes.rows import ada, keep

Link = Callable[..., Awaitable[str]]
ASKED: dict[str, Any] = {"consents": {}, "pending": {"marketing": ["email"]}, "locale": "en"}


@pytest.fixture
def link(services: Services, database: Database) -> Link:
    """The link in a mail to Ada."""

    async def link(**facts: Any) -> str:
        customer = ada(**{**ASKED, **facts})
        await keep(database, customer)
        return services.links.confirmation(customer.id, "msg_1")

    return link


class TestTheLink:
    async def test_asks_first_and_changes_nothing(
        self, client: httpx.AsyncClient, link: Link, intake: FakeIntake
    ) -> None:
        page = await client.get(await link())

        assert page.status_code == 200
        assert "<h1>Would you like to hear from us?</h1>" in page.text
        assert "with the address a•••@example.org" in page.text
        assert "Offers, reminders and recommendations by email" in page.text
        assert intake.confirmed == []

    async def test_confirms_by_its_button_with_proof(
        self, client: httpx.AsyncClient, link: Link, intake: FakeIntake
    ) -> None:
        page = await client.post(await link(), headers={"User-Agent": "Firefox"})

        assert page.status_code == 200
        assert "<h1>Thank you, that" in page.text
        assert "/preferences/" in page.text
        [(customer, message, wording, evidence)] = intake.confirmed
        assert (customer, message) == ("cus_ada", "msg_1")
        assert wording == "Offers, reminders and recommendations by email"
        assert evidence == {"message_id": "msg_1", "user_agent": "Firefox"}

    async def test_says_so_when_it_is_confirmed_already(
        self, client: httpx.AsyncClient, link: Link
    ) -> None:
        page = await client.get(await link(consents={"marketing": ["email"]}, pending={}))

        assert "<h1>Thank you, that" in page.text

    async def test_is_gone_when_nothing_waits_any_more(
        self, client: httpx.AsyncClient, link: Link
    ) -> None:
        page = await client.get(await link(pending={}))

        assert page.status_code == 410
        assert "please sign up again in the shop" in page.text

    async def test_is_gone_when_it_comes_too_late(
        self, client: httpx.AsyncClient, link: Link, intake: FakeIntake
    ) -> None:
        intake.confirmation = Confirmation.OUTDATED

        page = await client.post(await link())

        assert page.status_code == 410
        assert "<h1>This link is no longer valid</h1>" in page.text

    async def test_speaks_the_persons_language(self, client: httpx.AsyncClient, link: Link) -> None:
        page = await client.get(await link(locale="de-AT"))

        assert '<html lang="de">' in page.text
        assert "Möchten Sie von uns hören?" in page.text

    async def test_is_another_than_the_one_to_unsubscribe(
        self, client: httpx.AsyncClient, link: Link, services: Services, intake: FakeIntake
    ) -> None:
        leaving = services.links.unsubscribe("cus_ada", "msg_1")
        await link()

        page = await client.post(leaving.replace("/unsubscribe/", "/confirm/"))

        assert page.status_code == 404
        assert intake.confirmed == []
