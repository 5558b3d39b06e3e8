import pytest

from sending.mails.plain_text import text_template, tidy, wrapped


class TestTextTemplate:
    @pytest.mark.parametrize(
        ("mjml", "text"),
        [
            ("<mj-text>One</mj-text><mj-text>Two</mj-text>", "One\n\nTwo\n"),
            ("<mj-text><p>One</p><p>Two</p></mj-text>", "One\n\nTwo\n"),
            ("<mj-text>One<br />Two<br>Three</mj-text>", "One\nTwo\nThree\n"),
            ("<mj-text>\n  One\n  and   two\n</mj-text>", "One and two\n"),
            ("<mj-text>Fish &amp; chips</mj-text>", "Fish & chips\n"),
            ("<mj-text>2\N{NO-BREAK SPACE}€</mj-text>", "2\N{NO-BREAK SPACE}€\n"),
            ('<mj-button href="{{ links.cart }}">Go</mj-button>', "Go: {{ links.cart }}\n"),
            ('<mj-text>See <a href="{{ u }}"><b>this</b></a>.</mj-text>', "See this: {{ u }}.\n"),
            ('<mj-text><a href="mailto:{{ m }}">{{ m }}</a></mj-text>', "{{ m }}\n"),
            ('<mj-text><a href="https://a.b">https://a.b</a></mj-text>', "https://a.b\n"),
            ('<mj-image src="x.png" href="{{ u }}" alt="Hats" />', "Hats: {{ u }}\n"),
            ('<mj-image src="x.png" alt="Hats" />', "\n"),
            ("<mj-text>One</mj-text><mj-divider /><mj-text>2</mj-text>", "One\n\n----\n\n2\n"),
            (
                "<mj-table><tr><td>A</td><td>1</td></tr><tr><td>B</td></tr></mj-table>",
                "A\n1\n\nB\n",
            ),
            ("<mj-head><mj-title>No</mj-title></mj-head><mj-text>Yes</mj-text>", "Yes\n"),
            ('<mj-raw><div aria-hidden="true">No<p>No</p></div></mj-raw>Yes', "Yes\n"),
        ],
    )
    def test_reads_as_a_person_would_write(self, mjml: str, text: str) -> None:
        assert text_template(mjml) == text

    def test_keeps_jinja_as_it_is(self) -> None:
        mjml = "{% if a['b'] > 1 %}<mj-text>{{ a.b|money(none) }}</mj-text>{% endif %}"

        assert text_template(mjml) == (
            "{% if a['b'] > 1 %}\n\n{{ a.b|money(none) }}\n\n{% endif %}\n"
        )


class TestTidy:
    def test_leaves_one_blank_line_between_paragraphs_and_none_around(self) -> None:
        assert tidy(" \n\nOne  \n \n\t\n\n  Two\n\n") == "One\n\nTwo\n"


class TestWrapped:
    def test_breaks_long_lines_between_words(self) -> None:
        assert wrapped("1234567 " * 20) == (
            "1234567 1234567 1234567 1234567 1234567 1234567 1234567 1234567 1234567\n"
            "1234567 1234567 1234567 1234567 1234567 1234567 1234567 1234567 1234567\n"
            "1234567 1234567 "
        )

    def test_keeps_addresses_whole_on_a_line_of_their_own(self) -> None:
        address = f"https://shop.example/{'x' * 90}"

        assert wrapped(f"Unsubscribe: {address}\n") == f"Unsubscribe:\n{address}\n"

    def test_keeps_together_what_a_no_break_space_joins(self) -> None:
        joined = "9\N{NO-BREAK SPACE}€"

        assert wrapped("x" * 75 + f" {joined}") == f"{'x' * 75}\n{joined}"

    def test_leaves_short_lines_alone(self) -> None:
        assert wrapped("One\n\n two  three\n") == "One\n\n two  three\n"
