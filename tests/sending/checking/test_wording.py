from pathlib import Path

import pytest

from tests.fakes.good_mail import GERMAN, GOOD, showing, told

SUBJECT = '{{ _("Your cart") }}'
PREHEADER = '{{ _("Still here, just as you left it a while ago") }}'


class TestSubject:
    def test_is_never_empty(self, tmp_path: Path) -> None:
        mail = GOOD.replace(SUBJECT, f"{{% if person.first_name %}}{SUBJECT}{{% endif %}}")

        assert told(tmp_path, mail) == [
            (
                "cart/kept.mjml: error: the subject is empty in “en” when nothing but "
                "the address is "
                "known: write one. [subject]"
            ),
            (
                "cart/kept.mjml: error: the subject is empty in “de” when nothing but "
                "the address is "
                "known: write one. [subject]"
            ),
        ]

    def test_is_short_in_every_language(self, tmp_path: Path) -> None:
        german = GERMAN.replace("Ihr Warenkorb", "Warenkorb " * 7)

        assert told(tmp_path, german=german)[0] == (
            "cart/kept.mjml: warning: the subject has 69 characters in “de” when everything is "
            "known: inboxes show about 60. [subject]"
        )

    def test_may_be_a_little_longer_for_what_is_never_so_long(self, tmp_path: Path) -> None:
        titled = "{% if products %}{{ products[0].title|clip(62) }}{% endif %}" + SUBJECT

        assert told(tmp_path, GOOD.replace(SUBJECT, titled)) == []

    def test_fits_a_header(self, tmp_path: Path) -> None:
        titled = "{% if products %}{{ products[0].title|clip(75) }}{% endif %}" + SUBJECT

        assert told(tmp_path, GOOD.replace(SUBJECT, titled)) == [
            (
                "cart/kept.mjml: error: the subject has 82 characters in “en” when "
                "all of it is long: "
                "78 fit, |clip titles. [subject]"
            ),
            (
                "cart/kept.mjml: error: the subject has 86 characters in “de” when "
                "all of it is long: "
                "78 fit, |clip titles. [subject]"
            ),
        ]


class TestPreheader:
    def test_is_never_empty(self, tmp_path: Path) -> None:
        mail = GOOD.replace(PREHEADER, f"{{% if person.first_name %}}{PREHEADER}{{% endif %}}")

        assert told(tmp_path, mail)[0] == (
            "cart/kept.mjml: error: the preheader is empty in “en” when nothing but the address "
            "is known: add what the subject does not say. [preheader]"
        )

    @pytest.mark.parametrize("length", [39, 111])
    def test_fills_its_line_and_no_more(self, tmp_path: Path, length: int) -> None:
        mail = GOOD.replace(PREHEADER, "x" * length)

        assert (
            f"cart/kept.mjml: warning: the preheader has {length} characters in “en” when "
            "everything is known: 40 to 110 are seen. [preheader]"
        ) in told(tmp_path, mail)

    def test_adds_to_the_subject(self, tmp_path: Path) -> None:
        mail = GOOD.replace(SUBJECT, PREHEADER)

        assert (
            "cart/kept.mjml: warning: the preheader repeats the subject in “en” when everything "
            "is known: add something to it. [preheader]"
        ) in told(tmp_path, mail)


class TestTextPart:
    def test_leads_where_the_html_leads(self, tmp_path: Path) -> None:
        hidden = (
            '<mj-text color="#222222"><span aria-hidden="true">'
            '<a href="https://shop.example/a" style="color: inherit;">A</a></span></mj-text>'
        )

        assert told(tmp_path, showing(hidden))[0] == (
            "cart/kept.mjml: error: the text part lacks the link to https://shop.example/a in "
            "“en” when everything is known: do not hide it with aria-hidden. [text]"
        )
