"""What all public pages have in common: what they let in, and whose language they speak."""

import re

import httpx
import pytest

from api.app import Services
from api.pages import TEMPLATES
from sending.mails.translations import read_translations
from tests.api.conftest import NewCustomer


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
