import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.app import Services
from api.pages import TEMPLATES
from domain.errors import NotFound
from domain.requests import ConsentRequest
from sending.mails.translations import read_translations
from store import tables
from store.sessions import Database
from tests.fakes.intake import FakeIntake
from tests.fakes.rows import keep, message, run

NewCustomer = Callable[..., Awaitable[str]]


@pytest.fixture
def new_customer(database: Database) -> NewCustomer:
    async def create(**facts: Any) -> str:
        customer = tables.Customer(
            id="cus_1",
            created_at=datetime.now(UTC),
            **{
                "email": "ada@example.com",
                "locale": "en",
                "consents": {"marketing": ["email"]},
                **facts,
            },
        )
        async with database.writing() as session:
            session.add(customer)
        return customer.id

    return create


@pytest.fixture
async def unsubscribe(services: Services, new_customer: NewCustomer) -> str:
    """The link in a mail to Ada."""
    return services.links.unsubscribe(await new_customer(), "msg_1")


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


class TestPage:
    async def test_lets_nothing_in_from_elsewhere_and_tells_nobody_where_it_was(
        self, client: httpx.AsyncClient, unsubscribe: str
    ) -> None:
        page = await client.get(unsubscribe)

        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"(src|href)=.?https?:|<script|url\(", page.text)

    @pytest.mark.parametrize(
        ("locale", "language", "heading"),
        [
            ("en-GB", "en", "Do you want to unsubscribe?"),
            ("de-AT", "de", "Möchten Sie sich abmelden?"),
            ("fr", "fr", "Souhaitez-vous vous désabonner"),
            ("tr-TR", "tr", "istiyor musunuz?</h1>"),
        ],
    )
    async def test_speaks_the_customers_language(
        self,
        client: httpx.AsyncClient,
        services: Services,
        new_customer: NewCustomer,
        locale: str,
        language: str,
        heading: str,
    ) -> None:
        link = services.links.unsubscribe(await new_customer(locale=locale), "msg_1")

        page = await client.get(link, headers={"Accept-Language": "it"})

        assert f'<html lang="{language}">' in page.text
        assert heading in page.text

    @pytest.mark.parametrize(
        ("wanted", "language"), [("fr-CH, de;q=0.8", "fr"), ("it, de;q=0.8", "de"), ("it", "en")]
    )
    async def test_speaks_the_browsers_language_to_somebody_unknown(
        self, client: httpx.AsyncClient, wanted: str, language: str
    ) -> None:
        page = await client.get("/unsubscribe/nonsense", headers={"Accept-Language": wanted})

        assert f'<html lang="{language}">' in page.text

    async def test_shows_names_as_text(
        self, client: httpx.AsyncClient, services: Services, new_customer: NewCustomer
    ) -> None:
        customer = await new_customer(email="<b>x@example.com")

        page = await client.get(services.links.unsubscribe(customer, "msg_1"))

        assert "Hazel &amp; Co" in page.text
        assert "&lt;•••@example.com" in page.text


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


class TestTranslations:
    @pytest.mark.parametrize("language", ["de", "fr", "tr"])
    def test_hold_every_sentence_of_the_pages(self, language: str) -> None:
        texts = read_translations(TEMPLATES / "locale", domain="pages")[language]

        sentences = {
            re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", sentence)
            for page in (TEMPLATES / "pages").glob("*.html")
            for sentence in re.findall(r"{% trans %}(.*?){% endtrans %}", page.read_text())
        }
        assert len(sentences) > 20
        assert {text for text in sentences if texts.gettext(text) == text} == set()
