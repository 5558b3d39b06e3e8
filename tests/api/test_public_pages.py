from typing import Any

import httpx
import pytest

from api.app import Services
from domain.errors import NotFound
from domain.requests import ConsentRequest
from store.sessions import Database
from tests.api.conftest import NewCustomer
from tests.fakes.intake import FakeIntake
from tests.fakes.rows import keep, message, run


@pytest.fixture
async def preferences(services: Services, new_customer: NewCustomer) -> str:
    return services.links.preferences(await new_customer(), "msg_1")


class TestUnsubscribeLink:
    async def test_asks_first_and_changes_nothing(
        self, client: httpx.AsyncClient, unsubscribe: str, intake: FakeIntake
    ) -> None:
        page = await client.get(unsubscribe)

        assert page.status_code == 200
        assert "<h1>Do you want to unsubscribe?</h1>" in page.text
        assert '<form method="post">' in page.text
        assert intake.consent_changes == []

    async def test_ends_all_marketing_by_mail_when_the_button_is_pressed(
        self, client: httpx.AsyncClient, unsubscribe: str, intake: FakeIntake
    ) -> None:
        page = await client.post(unsubscribe, headers={"User-Agent": "Firefox"})

        assert page.status_code == 200
        assert "<h1>You are unsubscribed</h1>" in page.text
        [change] = intake.consent_changes
        assert change.customer_id == "cus_1"
        assert change.changes == (
            ConsentRequest(topic="marketing", channel="email", granted=False),
        )
        assert change.source == "unsubscribe"
        assert change.evidence == {
            "message_id": "msg_1",
            "user_agent": "Firefox",
            "one_click": False,
        }

    @pytest.mark.parametrize(
        "one_click",
        [
            {"data": {"List-Unsubscribe": "One-Click"}},
            {"files": {"List-Unsubscribe": (None, "One-Click")}},
        ],
        ids=["urlencoded", "multipart"],
    )
    async def test_ends_it_at_one_click_in_a_mail_program(
        self,
        client: httpx.AsyncClient,
        unsubscribe: str,
        intake: FakeIntake,
        one_click: dict[str, Any],
    ) -> None:
        answer = await client.post(unsubscribe, **one_click)

        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert intake.consent_changes[0].evidence["one_click"] is True

    async def test_may_be_used_again(self, client: httpx.AsyncClient, unsubscribe: str) -> None:
        first = await client.post(unsubscribe)
        second = await client.post(unsubscribe)

        assert (second.status_code, second.text) == (first.status_code, first.text)

    async def test_shows_only_enough_of_the_address_to_know_ones_own(
        self, client: httpx.AsyncClient, unsubscribe: str
    ) -> None:
        page = await client.get(unsubscribe)

        assert "a•••@example.com" in page.text
        assert "ada@example.com" not in page.text

    async def test_works_for_a_person_whom_we_have_forgotten(
        self, client: httpx.AsyncClient, services: Services, intake: FakeIntake
    ) -> None:
        link = services.links.unsubscribe("cus_erased", "msg_1")
        intake.failures_ahead = 1
        intake.failure = NotFound("No customer cus_erased is known.")

        assert (await client.get(link)).status_code == 200
        assert (await client.post(link)).status_code == 200

    async def test_answers_with_a_page_when_a_part_of_it_got_lost(
        self, client: httpx.AsyncClient, unsubscribe: str, intake: FakeIntake
    ) -> None:
        page = await client.post(unsubscribe[:-3])

        assert page.status_code == 404
        assert "<h1>This link does not work</h1>" in page.text
        assert intake.consent_changes == []

    async def test_answers_with_a_page_while_the_choice_cannot_be_kept(
        self, client: httpx.AsyncClient, unsubscribe: str, intake: FakeIntake
    ) -> None:
        intake.failures_ahead = 1

        page = await client.post(unsubscribe)

        assert page.status_code == 503
        assert page.headers["Retry-After"] == "1"
        assert "Nothing was changed." in page.text


class TestPreferencesLink:
    async def test_shows_what_is_chosen_and_changes_nothing(
        self, client: httpx.AsyncClient, preferences: str, intake: FakeIntake
    ) -> None:
        page = await client.get(preferences)

        assert page.status_code == 200
        assert '<input type="checkbox" name="marketing.email" checked>' in page.text
        assert intake.consent_changes == []

    async def test_withdraws_what_was_unchecked(
        self, client: httpx.AsyncClient, preferences: str, intake: FakeIntake
    ) -> None:
        page = await client.post(preferences, data={})

        assert "Your choice is saved." in page.text
        assert '<input type="checkbox" name="marketing.email">' in page.text
        [change] = intake.consent_changes
        assert change.source == "preferences"
        assert [request.granted for request in change.changes] == [False]

    async def test_grants_what_was_checked_in_the_words_that_were_shown(
        self,
        client: httpx.AsyncClient,
        services: Services,
        new_customer: NewCustomer,
        intake: FakeIntake,
    ) -> None:
        link = services.links.preferences(await new_customer(locale="fr-CH", consents={}), "msg_1")

        await client.post(link, data={"marketing.email": "on"})

        [change] = intake.consent_changes
        assert change.changes == (
            ConsentRequest(
                topic="marketing",
                channel="email",
                granted=True,
                wording="Offres, rappels et recommandations par e-mail",
            ),
        )

    async def test_records_nothing_when_the_choice_stays_as_it_was(
        self, client: httpx.AsyncClient, preferences: str, intake: FakeIntake
    ) -> None:
        page = await client.post(preferences, data={"marketing.email": "on"})

        assert "Your choice is saved." in page.text
        assert intake.consent_changes == []


class TestLinksOfAMailToAFormerAddress:
    """The address was corrected since: somebody else may read what went to the old one."""

    @pytest.fixture
    async def mailed(self, database: Database, unsubscribe: str) -> str:
        """The token of the links in the mail."""
        await keep(
            database,
            run(customer_id="cus_1"),
            message(customer_id="cus_1", to_address="typo@example.org"),
        )
        return unsubscribe.rpartition("/")[2]

    async def test_speak_of_that_address_alone(
        self, client: httpx.AsyncClient, mailed: str
    ) -> None:
        asked = await client.get(f"/unsubscribe/{mailed}")
        done = await client.post(f"/unsubscribe/{mailed}")

        assert "t•••@example.org" in asked.text
        assert "t•••@example.org" in done.text
        assert "/preferences/" not in done.text

    async def test_tell_which_mail_they_stood_in(
        self, client: httpx.AsyncClient, mailed: str, intake: FakeIntake
    ) -> None:
        await client.post(f"/unsubscribe/{mailed}")

        assert intake.consent_changes[0].message_id == "msg_1"

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_offer_no_choice_but_to_leave(
        self, client: httpx.AsyncClient, mailed: str, intake: FakeIntake, method: str
    ) -> None:
        answer = await client.request(method, f"/preferences/{mailed}")

        assert (answer.status_code, answer.headers["Location"]) == (303, f"/unsubscribe/{mailed}")
        assert intake.consent_changes == []
