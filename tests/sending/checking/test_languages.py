from pathlib import Path

from tests.fakes.good_mail import GERMAN, GOOD, showing, told

PO = "locale/de/LC_MESSAGES/mails.po"
COUNTED = showing(
    '<mj-text color="#222222">{% trans count=products|length %}{{ count }} thing{% pluralize %}'
    "{{ count }} things{% endtrans %}</mj-text>"
)
THINGS = '\nmsgid "%(count)s thing"\nmsgid_plural "%(count)s things"\n'


class TestCatalogue:
    def test_has_every_text(self, tmp_path: Path) -> None:
        german = GERMAN.replace('\nmsgid "Leave"\nmsgstr "Abmelden"\n', "")

        assert told(tmp_path, german=german) == [
            (
                f"{PO}: error: “Leave” of footer.mjml has no translation: run make texts, and "
                "translate it. [language]"
            )
        ]

    def test_has_no_text_that_nobody_says(self, tmp_path: Path) -> None:
        german = f'{GERMAN}\nmsgid "Gone"\nmsgstr "Weg"\n'

        assert told(tmp_path, german=german) == [
            f"{PO}:16: warning: no mail says “Gone” any more: run make texts. [language]"
        ]

    def test_translates_every_text(self, tmp_path: Path) -> None:
        assert told(tmp_path, german=GERMAN.replace('"Abmelden"', '""')) == [
            f"{PO}:13: error: “Leave” is not translated: write its msgstr. [language]"
        ]

    def test_holds_nothing_doubtful(self, tmp_path: Path) -> None:
        german = GERMAN.replace('msgid "Leave"', '#, fuzzy\nmsgid "Leave"')

        assert told(tmp_path, german=german) == [
            (
                f"{PO}:14: error: “Leave” is marked fuzzy: read the translation, and take the mark "
                "away. [language]"
            )
        ]

    def test_has_every_plural_form(self, tmp_path: Path) -> None:
        german = f'{GERMAN}{THINGS}msgstr[0] "%(count)s Ding"\nmsgstr[1] ""\n'

        assert told(tmp_path, COUNTED, german=german) == [
            (
                f"{PO}:16: error: “%(count)s thing” has 1 of the 2 plural forms of this language: "
                "write all of them. [language]"
            )
        ]

    def test_keeps_the_placeholders(self, tmp_path: Path) -> None:
        german = f'{GERMAN}{THINGS}msgstr[0] "Ein Ding"\nmsgstr[1] "%(count)s Dinge"\n'

        assert told(tmp_path, COUNTED, german=german) == [
            (
                f"{PO}:16: error: “%(count)s thing” lost %(count)s in its translation: put it back."
                " [language]"
            )
        ]

    def test_can_be_read(self, tmp_path: Path) -> None:
        found = told(tmp_path, german="this is no catalogue\n")

        assert found[-1].startswith(f"{PO}: error: this is no readable catalogue")

    def test_is_told_of_beside_what_is_wrong_with_the_mails(self, tmp_path: Path) -> None:
        german = GERMAN.replace('"Abmelden"', '""')
        mail = GOOD.replace("{{ links.cart }}", "{{ links.card }}")

        assert told(tmp_path, mail, german=german) == [
            (
                "cart/kept.mjml:18: error: there is no “links.card”: did you mean “links.cart”?"
                " [template]"
            ),
            f"{PO}:13: error: “Leave” is not translated: write its msgstr. [language]",
        ]
