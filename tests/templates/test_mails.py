"""The mails that Dormouse ships: each in every language, for whom we know well and hardly."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from domain.messages import MessageKind
from runtime.listing import name_of
from runtime.reading import steps_of
from sending.context import MailContext
from sending.samples import BARE, RICH
from tests.fakes.mail_contexts import HOSTILE, LONG_TITLED, contexts, reading
from tests.fakes.shipped import shipped
from workflows.catalogue import JOURNEYS

MAILS = sorted((name_of(journey), step) for journey in JOURNEYS for step in steps_of(journey))
#: A mail is marketing unless it is said here what else.
OTHER_KINDS = {
    ("double-opt-in", "confirm"): MessageKind.TRANSACTIONAL,
    ("review-request", "support-alert"): MessageKind.INTERNAL,
}
MARKETING = [mail for mail in MAILS if mail not in OTHER_KINDS]
LANGUAGES = ("en", "de", "fr", "tr")
CONTEXTS = {"known well": RICH, "hardly known": BARE, "hostile": HOSTILE, "long": LONG_TITLED}

every_mail = pytest.mark.parametrize(("journey", "step"), MAILS)
every_marketing_mail = pytest.mark.parametrize(("journey", "step"), MARKETING)
every_language = pytest.mark.parametrize("language", LANGUAGES)
every_context = pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)


class Document(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def addresses(self) -> list[str]:
        found = [tag.get(name) for _, tag in self.tags for name in ("href", "src", "background")]
        return [address for address in found if address is not None]


class TestMails:
    def test_are_those_that_the_journeys_send(self) -> None:
        assert sorted(shipped().steps()) == MAILS

    @every_mail
    def test_are_marketing_but_for_a_question_and_an_alert(self, journey: str, step: str) -> None:
        wanted = OTHER_KINDS.get((journey, step), MessageKind.MARKETING)

        assert shipped().kind_of(journey, step) is wanted

    @every_mail
    @every_language
    @every_context
    def test_have_every_part_and_keep_to_the_rules_of_mail_programs(
        self, journey: str, step: str, language: str, context: MailContext
    ) -> None:
        mail = shipped(language).render(journey, step, reading(context, language))

        page = Document(mail.html)
        assert mail.locale == language
        assert 0 < len(mail.subject) <= 78
        assert 0 < len(mail.preheader) <= 150
        assert mail.text.strip()
        assert len(mail.html.encode()) < 40_000
        assert page.all("html")[0]["lang"] == language
        assert page.all("html")[0]["dir"] == "ltr"
        assert {"name": "color-scheme", "content": "light dark"} in page.all("meta")
        assert all(image.get("alt") and image.get("width") for image in page.all("img"))
        assert all(address.startswith(("https://", "mailto:")) for address in page.addresses())
        assert not {"script", "form", "iframe", "link"} & {tag for tag, _ in page.tags}
        assert all(table.get("role") == "presentation" for table in page.all("table"))
        assert "\n" not in mail.subject + mail.preheader

    @every_marketing_mail
    def test_offer_a_way_out_and_an_address_when_they_advertise(
        self, journey: str, step: str
    ) -> None:
        mail = shipped().render(journey, step, BARE)

        for part in (mail.html, mail.text):
            assert "https://mail.shop.example/unsubscribe/token" in part
            assert "https://mail.shop.example/preferences/token" in part
            assert "1 Hazel Lane, 12345 Woodland" in part

    @every_marketing_mail
    def test_name_their_one_call_to_action_in_the_text_too(self, journey: str, step: str) -> None:
        mail = shipped().render(journey, step, BARE)

        buttons = [link for link in Document(mail.html).all("a") if link.get("target") == "_blank"]
        [address] = [(button["href"] or "").removeprefix("mailto:") for button in buttons]
        assert f": {address}\n" in mail.text

    @every_marketing_mail
    def test_greet_by_name_and_as_well_without_one(self, journey: str, step: str) -> None:
        assert "\nHello Anna,\n" in shipped().render(journey, step, RICH).text
        assert "\nHello,\n" in shipped().render(journey, step, BARE).text

    @every_mail
    @every_language
    def test_promise_nothing_that_the_shop_did_not_offer(
        self, journey: str, step: str, language: str
    ) -> None:
        without = reading(replace(RICH, incentive=None), language)

        mail = shipped().render(journey, step, without)

        assert "%" not in mail.subject + mail.preheader + mail.text
        assert "HAZEL10" not in mail.html
        assert 'class="note"' not in mail.html

    @every_mail
    def test_say_that_few_are_left_only_when_few_are_left(self, journey: str, step: str) -> None:
        plenty = replace(RICH, products=tuple(replace(p, few_left=None) for p in RICH.products))

        assert 'class="few"' not in shipped().render(journey, step, plenty).html

    @every_mail
    def test_take_what_people_type_for_text(self, journey: str, step: str) -> None:
        mail = shipped().render(journey, step, HOSTILE)

        assert "<script" not in mail.html
        assert "javascript:" not in mail.html
        assert "49" not in mail.subject + mail.text

    @pytest.mark.parametrize(("journey", "step"), [m for m in MAILS if m[0] == "review-request"])
    def test_never_pay_for_a_review(self, journey: str, step: str) -> None:
        assert shipped().steps_that_use(journey, "incentive") == []
        assert "%" not in shipped().render(journey, step, RICH).text

    @settings(max_examples=25)
    @given(context=contexts())
    def test_are_rendered_for_anybody(self, context: MailContext) -> None:
        for journey, step in MAILS:
            mail = shipped().render(journey, step, context)

            assert mail.subject
            assert "\n" not in mail.subject
            assert "None" not in mail.subject
