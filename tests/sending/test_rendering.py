from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from domain.messages import MessageKind
from sending.context import MailContext, ProductContext
from sending.rendering import TemplateError, Templates
from sending.samples import BARE, RICH
from tests.fakes.mail_contexts import HOSTILE, reading
from tests.fakes.mail_folder import SOUND, mail_folder, saying


def rendering(root: Path, mjml: str, context: MailContext = RICH, **parts: str) -> str:
    templates = Templates(mail_folder(root, mjml, **parts))
    return templates.render("cart", "kept", context).html


class TestTemplates:
    def test_put_subject_preheader_html_and_text_into_one_mail(self, tmp_path: Path) -> None:
        mail = Templates(mail_folder(tmp_path)).render("cart", "kept", RICH)

        assert mail.subject == "Your cart"
        assert mail.preheader == "Still here"
        assert "<title>Your cart</title>" in mail.html
        assert mail.html.count("Still here") == 1
        assert mail.text == (
            "Hello!\n\n"
            "Dormouse Shop, 1 Hazel Lane, 12345 Woodland Leave:\n"
            "https://mail.shop.example/unsubscribe/token\n"
        )

    def test_know_every_journey_and_step_they_hold(self, tmp_path: Path) -> None:
        templates = Templates(mail_folder(tmp_path))

        assert list(templates.steps()) == [("cart", "kept")]

    def test_take_a_mail_for_marketing_unless_it_says_otherwise(self, tmp_path: Path) -> None:
        templates = Templates(mail_folder(tmp_path))

        assert templates.kind_of("cart", "kept") is MessageKind.MARKETING

    def test_read_from_the_first_comment_why_a_mail_is_sent_and_what_it_shows(
        self, tmp_path: Path
    ) -> None:
        declared = "<!-- kind: internal, shows: order -->\n" + SOUND
        templates = Templates(mail_folder(tmp_path, declared))

        assert templates.kind_of("cart", "kept") is MessageKind.INTERNAL
        assert templates.shows("cart", "kept") == "order"

    def test_know_which_mails_of_a_journey_use_a_thing(self, tmp_path: Path) -> None:
        offer = saying("<mj-text>{% if incentive %}Take it.{% endif %}</mj-text>")
        templates = Templates(mail_folder(tmp_path, offer))

        assert templates.steps_that_use("cart", "incentive") == ["kept"]
        assert templates.steps_that_use("cart", "rating") == []
        assert templates.steps_that_use("win-back", "incentive") == []

    def test_put_shared_parts_within_shared_parts(self, tmp_path: Path) -> None:
        html = rendering(
            tmp_path,
            saying('<mj-include path="outer.mjml" />'),
            outer='<mj-include path="inner.mjml" />',
            inner="<mj-text>Innermost</mj-text>",
        )

        assert "Innermost" in html

    def test_escape_what_they_are_given_in_html_and_only_there(self, tmp_path: Path) -> None:
        greeting = saying("<mj-text>Hello {{ person.first_name }}!</mj-text>")
        mail = Templates(mail_folder(tmp_path, greeting)).render("cart", "kept", HOSTILE)

        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in mail.html
        assert "<script>" not in mail.html
        assert "Hello <script>alert(1)</script>{{ 7*7 }}" in mail.text

    def test_keep_a_subject_in_one_line_whatever_the_data(self, tmp_path: Path) -> None:
        named = SOUND.replace('{{ _("Your cart") }}', "{{ person.first_name }} & co")
        mail = Templates(mail_folder(tmp_path, named)).render("cart", "kept", HOSTILE)

        assert mail.subject == ("<script>alert(1)</script>{{ 7*7 }} Bcc: all@shop.example & co")

    def test_escape_the_subject_within_the_html(self, tmp_path: Path) -> None:
        named = SOUND.replace('{{ _("Your cart") }}', "{{ person.first_name }}")

        html = rendering(tmp_path, named, HOSTILE)

        assert "<title>&lt;script&gt;" in html
        assert 'aria-label="&lt;script&gt;' in html

    @pytest.mark.parametrize(
        "address",
        ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a b", "ftp://a.b"],
    )
    def test_drop_a_product_s_address_that_is_no_page(self, tmp_path: Path, address: str) -> None:
        product = ProductContext(
            id="p-1", title="Shirt", url=address, review_url=address, image_url=address
        )
        shown = "{{ product.url }} {{ product.review_url }} {{ product.image_url }}"
        loop = f"<mj-text>{{% for product in products %}}{shown}{{% endfor %}}</mj-text>"

        html = rendering(tmp_path, saying(loop), replace(RICH, products=(product,)))

        assert ">None None None<" in html

    @pytest.mark.parametrize("address", ["https://a.b/?q=1", "HTTP://a.b", "mailto:a@b"])
    def test_keep_a_product_s_address_that_leads_to_a_page_or_mailbox(
        self, tmp_path: Path, address: str
    ) -> None:
        product = ProductContext(id="p-1", title="Shirt", url=address)
        shown = saying("<mj-text>{{ products and products[0].url }}</mj-text>")

        html = rendering(tmp_path, shown, replace(RICH, products=(product,)))

        assert f">{address}<" in html

    def test_write_money_and_moments_as_the_reader_does(self, tmp_path: Path) -> None:
        offer = saying(
            "<mj-text>{% if incentive and incentive.value %}{{ products[0].price|money(none) }},"
            " {{ incentive.ends_at|date }}, {{ incentive.ends_at|time }},"
            " {{ incentive.value|percent }}{% endif %}</mj-text>"
        )

        html = rendering(tmp_path, offer, reading(RICH, "de-DE", "Europe/Istanbul"))

        assert ">39,90\N{NO-BREAK SPACE}€, 5. Mai 2026, 16:30, 10\N{NO-BREAK SPACE}%<" in html

    def test_write_money_in_the_shop_s_currency_when_a_product_names_none(
        self, tmp_path: Path
    ) -> None:
        product = ProductContext(id="p-1", title="Shirt", price=Decimal("1234.5"))
        shown = saying(
            "<mj-text>{% if products %}"
            "{{ products[0].price|money(products[0].currency) }}{% endif %}</mj-text>"
        )

        html = rendering(tmp_path, shown, replace(RICH, products=(product,)))

        assert ">€1,234.50<" in html

    def test_clip_long_words_at_the_end_of_a_word(self, tmp_path: Path) -> None:
        clipped = saying("<mj-text>{{ (query or shop.name)|clip(20) }}</mj-text>")

        html = rendering(tmp_path, clipped, replace(RICH, query="warm blankets, for winter"))

        assert ">warm blankets, for…<" in html

    def test_say_which_mail_is_missing(self, tmp_path: Path) -> None:
        templates = Templates(mail_folder(tmp_path))

        with pytest.raises(TemplateError, match=r"^cart/gone.mjml: there is no such mail"):
            templates.render("cart", "gone", RICH)

    def test_say_which_mail_could_not_cope_with_a_person(self, tmp_path: Path) -> None:
        one = "{% if products|length == 1 %}{{ products[0].price|money(none) }}{% endif %}"
        templates = Templates(mail_folder(tmp_path, saying(f"<mj-text>{one}</mj-text>")))
        unpriced = replace(BARE, products=(ProductContext(id="p-1", title="Shirt"),))

        with pytest.raises(TemplateError, match=r"^cart/kept.mjml: .* mend it"):
            templates.render("cart", "kept", unpriced)


class TestLanguage:
    @pytest.mark.parametrize("locale", ["de", "de-AT", "de_CH", "de-XX"])
    def test_falls_back_from_region_to_language(self, tmp_path: Path, locale: str) -> None:
        mail = Templates(mail_folder(tmp_path)).render("cart", "kept", reading(RICH, locale))

        assert (mail.subject, mail.locale) == ("Ihr Warenkorb", "de")
        assert '<html lang="de" dir="ltr"' in mail.html

    @pytest.mark.parametrize("locale", ["xx", "ja", "", "not a locale"])
    def test_is_english_for_those_nobody_translated_for(self, tmp_path: Path, locale: str) -> None:
        mail = Templates(mail_folder(tmp_path)).render("cart", "kept", reading(RICH, locale))

        assert (mail.subject, mail.locale) == ("Your cart", "en")

    def test_is_the_shop_s_own_before_english(self, tmp_path: Path) -> None:
        templates = Templates(mail_folder(tmp_path), default_locale="de-AT")

        mail = templates.render("cart", "kept", reading(RICH, "ja"))

        assert mail.locale == "de"

    def test_stays_english_for_who_reads_english_in_a_german_shop(self, tmp_path: Path) -> None:
        templates = Templates(mail_folder(tmp_path), default_locale="de")

        assert templates.render("cart", "kept", reading(RICH, "en-GB")).locale == "en"

    def test_is_the_shop_s_own_in_mail_to_the_shop(self, tmp_path: Path) -> None:
        internal = mail_folder(tmp_path, "<!-- kind: internal -->\n" + SOUND)
        templates = Templates(internal, default_locale="de")

        assert templates.render("cart", "kept", reading(RICH, "en")).locale == "de"

    def test_falls_back_to_english_text_by_text(self, tmp_path: Path) -> None:
        mail = Templates(mail_folder(tmp_path)).render("cart", "kept", reading(RICH, "de"))

        assert mail.preheader == "Still here"

    def test_counts_as_its_grammar_does(self, tmp_path: Path) -> None:
        counted = saying(
            "<mj-text>{% trans count=products|length %}{{ count }} thing{% pluralize %}"
            "{{ count }} things{% endtrans %}</mj-text>"
        )
        templates = Templates(mail_folder(tmp_path, counted))
        one = replace(RICH, products=RICH.products[:1])

        assert "1 Ding\n" in templates.render("cart", "kept", reading(one, "de")).text
        assert "2 Dinge\n" in templates.render("cart", "kept", reading(RICH, "de")).text

    def test_is_text_and_never_markup(self, tmp_path: Path) -> None:
        german = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        german += 'msgid "Still here"\nmsgstr "<b>\\"Noch\\"</b> da & hier"\n'
        body = saying('<mj-text>{{ _("Still here") }}</mj-text>')
        templates = Templates(mail_folder(tmp_path, body, german=german))

        mail = templates.render("cart", "kept", reading(RICH, "de"))

        assert ">&lt;b&gt;&#34;Noch&#34;&lt;/b&gt; da &amp; hier<" in mail.html
        assert "<b>" not in mail.html
        assert mail.preheader == '<b>"Noch"</b> da & hier'


class TestSandbox:
    @pytest.mark.parametrize(
        "reach",
        [
            "{{ shop.__class__ }}",
            "{{ products.__class__.__mro__ }}",
            "{% for p in products|map(attribute='__init__') %}{{ p }}{% endfor %}",
            "{{ (products|map(attribute='title')).gi_frame }}",
            "{{ _.__globals__ }}",
        ],
    )
    def test_keeps_templates_away_from_python(self, tmp_path: Path, reach: str) -> None:
        with pytest.raises(TemplateError):
            rendering(tmp_path, saying(f"<mj-text>{reach}</mj-text>"))

    def test_offers_no_functions_but_those_of_translation(self, tmp_path: Path) -> None:
        with pytest.raises(TemplateError, match="no “range”"):
            rendering(tmp_path, saying("<mj-text>{{ range(9) }}</mj-text>"))
