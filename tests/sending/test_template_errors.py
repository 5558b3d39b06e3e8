from pathlib import Path

import pytest

from sending.rendering import TemplateError, Templates
from tests.fakes.mail_folder import SOUND, mail_folder, saying


def complaint(root: Path, mjml: str, **parts: str) -> str:
    with pytest.raises(TemplateError) as caught:
        Templates(mail_folder(root, mjml, **parts))
    return str(caught.value)


class TestTemplateError:
    """What the writer of a mail is told, at start and not when the mail is due."""

    def test_names_file_line_and_the_name_that_was_meant(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying("<mj-text>{{ prodcts }}</mj-text>")) == (
            "cart/kept.mjml:9: there is no “prodcts”: did you mean “products”?"
        )

    def test_names_the_shared_part_that_is_wrong(self, tmp_path: Path) -> None:
        wrong = "<mj-text>\n{{ shop.adress }}\n</mj-text>"

        assert complaint(tmp_path, saying('<mj-include path="part.mjml" />'), part=wrong) == (
            "part.mjml:2: there is no “shop.adress”: did you mean “shop.postal_address”?"
        )

    def test_finds_a_wrong_name_within_a_loop(self, tmp_path: Path) -> None:
        loop = "{% for item in products %}<mj-text>{{ item.titel }}</mj-text>{% endfor %}"

        assert complaint(tmp_path, saying(loop)) == (
            "cart/kept.mjml:9: there is no “item.titel”: did you mean “item.title”?"
        )

    def test_finds_a_wrong_name_of_the_first_of_several(self, tmp_path: Path) -> None:
        first = "<mj-text>{% if products %}{{ products[0].titel }}{% endif %}</mj-text>"

        assert complaint(tmp_path, saying(first)) == (
            "cart/kept.mjml:9: there is no “products.titel”: did you mean “products.title”?"
        )

    def test_finds_a_wrong_filter_where_no_sample_goes(self, tmp_path: Path) -> None:
        hidden = "<mj-text>{% if rating == 9 %}{{ rating|mony }}{% endif %}</mj-text>"

        assert complaint(tmp_path, saying(hidden)) == (
            "cart/kept.mjml:9: there is no filter “mony”: did you mean “money”?"
        )

    def test_names_the_line_of_broken_jinja(self, tmp_path: Path) -> None:
        broken = saying("<mj-text>\n{{ query query }}\n</mj-text>")

        assert complaint(tmp_path, broken) == (
            "cart/kept.mjml:10: broken Jinja: expected token 'end of print statement', got 'query'"
        )

    def test_names_the_block_that_never_ends(self, tmp_path: Path) -> None:
        endless = saying("<mj-text>{% if query %}{% if rating %}{% endif %}</mj-text>")

        assert complaint(tmp_path, endless).startswith(
            "cart/kept.mjml:9: broken Jinja: Unexpected end of template."
        )

    def test_names_the_line_of_a_character_that_jinja_does_not_know(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying("<mj-text>{{ query ! }}</mj-text>")).startswith(
            "cart/kept.mjml:9: broken Jinja: unexpected char '!'"
        )

    def test_names_jinja_that_the_markup_tears_apart(self, tmp_path: Path) -> None:
        torn = '<mj-text>{% if query %}</mj-text><mj-text align="{% endif %}">x</mj-text>'

        assert complaint(tmp_path, saying(torn)).endswith(
            "begin and end each block within the same tag."
        )

    def test_names_a_tag_that_mjml_would_drop(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying("<mj-txt>Hello</mj-txt>")) == (
            "cart/kept.mjml:9: there is no tag <mj-txt>: did you mean <mj-text>?"
        )

    def test_names_html_that_mjml_would_drop(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying("<div>Hello</div>")) == (
            "cart/kept.mjml:9: <div> would be lost here: put it into mj-text, mj-table or mj-raw."
        )

    def test_refuses_what_mail_programs_refuse(self, tmp_path: Path) -> None:
        script = saying("<mj-text><script>alert(1)</script></mj-text>")

        assert complaint(tmp_path, script) == (
            "cart/kept.mjml:9: mail programs refuse <script>: take it away."
        )

    def test_refuses_inlining_that_would_move_jinja(self, tmp_path: Path) -> None:
        inlined = SOUND.replace(
            "</mj-head>", '<mj-style inline="inline">p { margin: 0 }</mj-style></mj-head>'
        )

        assert complaint(tmp_path, inlined) == (
            "cart/kept.mjml:5: “inline” moves Jinja out of its place: write style attributes."
        )

    def test_names_a_tag_that_is_never_closed(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, SOUND.replace("</mjml>", "")) == (
            "cart/kept.mjml:1: <mjml> is never closed: add </mjml>."
        )

    def test_names_a_tag_closed_out_of_turn(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying("<mj-text><b>Hello</mj-text></b>")) == (
            "cart/kept.mjml:9: </mj-text> does not fit here, expected </b>: close what was opened."
        )

    def test_names_markup_that_only_the_compiler_minds(self, tmp_path: Path) -> None:
        assert "broken MJML" in complaint(tmp_path, saying("<mj-text>1 < 2</mj-text>"))

    def test_names_a_mail_without_a_subject(self, tmp_path: Path) -> None:
        nameless = SOUND.replace('<mj-title>{{ _("Your cart") }}</mj-title>', "")

        assert complaint(tmp_path, nameless) == (
            "cart/kept.mjml: the subject is missing: write <mj-title> into <mj-head>."
        )

    def test_names_a_mail_with_an_empty_preheader(self, tmp_path: Path) -> None:
        empty = SOUND.replace('{{ _("Still here") }}', " ")

        assert complaint(tmp_path, empty) == (
            "cart/kept.mjml: the preheader is missing: write <mj-preview> into <mj-head>."
        )

    def test_names_a_part_that_is_not_there(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, saying('<mj-include path="foter.mjml" />')) == (
            "cart/kept.mjml:9: there is no part “foter.mjml” to include: use one of footer.mjml."
        )

    def test_names_a_part_that_includes_itself(self, tmp_path: Path) -> None:
        circle = '<mj-include path="circle.mjml" />'

        assert complaint(tmp_path, saying(circle), circle="\n" + circle) == (
            "circle.mjml:2: “circle.mjml” includes itself: take this line away."
        )

    def test_wants_an_include_on_a_line_of_its_own(self, tmp_path: Path) -> None:
        shared = saying('<mj-text>Hi</mj-text><mj-include path="footer.mjml" />')

        assert complaint(tmp_path, shared) == (
            'cart/kept.mjml:9: write <mj-include path="part.mjml" /> on a line of its own.'
        )

    def test_names_an_unknown_kind_of_mail(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "<!-- kind: secret -->\n" + SOUND) == (
            "cart/kept.mjml:1: there is no kind of mail called “secret”:"
            " write one of marketing, transactional, internal."
        )

    def test_wants_a_way_out_of_every_marketing_mail(self, tmp_path: Path) -> None:
        assert complaint(
            tmp_path, SOUND, footer="<mj-text>{{ shop.postal_address }}</mj-text>"
        ) == (
            "cart/kept.mjml: a marketing mail must show a link to {{ links.unsubscribe }}:"
            " include a footer."
        )

    def test_wants_an_address_in_every_marketing_mail(self, tmp_path: Path) -> None:
        footer = "<mj-text>{{ links.unsubscribe }}</mj-text>"

        assert complaint(tmp_path, SOUND, footer=footer) == (
            "cart/kept.mjml: a marketing mail must show {{ shop.postal_address }}:"
            " include a footer."
        )

    def test_names_a_mail_that_takes_optional_things_for_granted(self, tmp_path: Path) -> None:
        told = complaint(tmp_path, saying("<mj-text>{{ order.id }}</mj-text>"))

        assert told.startswith(
            "cart/kept.mjml: this mail cannot be rendered when nothing but the address is known"
        )
        assert told.endswith("ask with {% if %}.")

    def test_names_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        folder = mail_folder(tmp_path)
        (folder / "mails" / "cart" / "kept.mjml").write_bytes(SOUND.encode("utf-16"))

        with pytest.raises(TemplateError, match=r"^cart/kept.mjml: this is not written in UTF-8"):
            Templates(folder)

    def test_names_a_folder_without_mails(self, tmp_path: Path) -> None:
        with pytest.raises(TemplateError, match="there are no mails in it"):
            Templates(tmp_path)

    def test_names_a_translation_that_lost_a_placeholder(self, tmp_path: Path) -> None:
        german = (
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
            '#, python-format\nmsgid "Hello %(name)s"\nmsgstr "Guten Tag %(nam)s"\n'
        )

        with pytest.raises(
            TemplateError, match=r"^locale/de/LC_MESSAGES/mails.po:5: .*does not fit"
        ):
            Templates(mail_folder(tmp_path, german=german))

    def test_names_a_catalogue_that_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(TemplateError, match=r"^locale/de/LC_MESSAGES/mails.po: .*mend"):
            Templates(mail_folder(tmp_path, german="this is no catalogue\n"))
