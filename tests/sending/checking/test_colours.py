from pathlib import Path

import pytest

from sending.checking.colours import contrast, unreadable
from sending.checking.page import parsed
from tests.fakes.good_mail import showing, told

DARK = "<style>@media (prefers-color-scheme: dark) {{ {} }}</style>"


def faint(html: str, *, dark: bool = False) -> list[str]:
    return [found.words for found in unreadable(parsed(html), dark=dark)]


class TestContrast:
    @pytest.mark.parametrize(
        ("one", "other", "ratio"),
        [
            ((0, 0, 0), (1, 1, 1), 21.0),
            ((1, 1, 1), (1, 1, 1), 1.0),
            ((0x76 / 255,) * 3, (1, 1, 1), 4.54),
        ],
    )
    def test_is_what_wcag_says(
        self,
        one: tuple[float, float, float],
        other: tuple[float, float, float],
        ratio: float,
    ) -> None:
        assert round(contrast(one, other), 2) == ratio
        assert contrast(one, other) == contrast(other, one)


class TestUnreadable:
    def test_is_what_hardly_stands_out(self) -> None:
        assert faint('<p style="color: #999999">Faint</p><p style="color: #666666">Clear</p>') == [
            "Faint"
        ]

    def test_is_judged_more_kindly_when_large(self) -> None:
        assert faint('<p style="color: #888888; font-size: 24px">Large</p>') == []

    def test_inherits_colour_and_background(self) -> None:
        page = '<div style="background: #222; color: #fff"><p>Clear</p></div>'

        assert faint(page) == []
        assert faint(page.replace("#fff", "#333")) == ["Clear"]

    def test_reads_the_old_attribute_for_backgrounds(self) -> None:
        assert faint('<table><td bgcolor="#000000">Lost</td></table>') == ["Lost"]

    def test_follows_the_sheet_by_specificity_and_importance(self) -> None:
        sheet = "<style>.a { color: #fff } p { color: #000 }</style>"

        assert faint(f'{sheet}<p class="a">White</p>') == ["White"]
        assert faint(f'{sheet}<p class="a" style="color: #000">Black</p>') == []
        assert faint(
            sheet.replace("#fff", "#fff !important") + '<p class="a" style="color: #000">W'
        ) == ["W"]

    def test_depends_on_the_light(self) -> None:
        page = (
            DARK.format("p { color: #111 !important }")
            + '<p style="background: #222; color: #fff">X</p>'
        )

        assert faint(page) == []
        assert faint(page, dark=True) == ["X"]

    def test_begins_in_the_dark_with_white_on_black(self) -> None:
        page = '<p style="color: #000">Only thought of by day</p>'

        assert faint(page) == []
        assert faint(page, dark=True) == ["Only thought of by day"]

    def test_is_a_link_in_blue_on_what_the_mail_made_dark(self) -> None:
        link = '<a href="https://a.example">Blue</a>'

        assert faint(f'<div style="background: #222; color: #fff">{link}</div>') == ["Blue"]
        assert (
            faint(f'<style>a {{ color: #fff }}</style><div style="background: #222">{link}') == []
        )

    def test_is_no_matter_of_what_is_hidden(self) -> None:
        assert faint('<div style="display: none; color: #fff">Preheader</div>') == []

    def test_includes_the_words_instead_of_pictures(self) -> None:
        assert faint('<img alt="Shirt" style="color: #ddd">') == ["Shirt"]

    def test_sees_through_what_is_half_transparent(self) -> None:
        assert faint('<p style="color: rgba(0, 0, 0, 0.2)">Ghost</p>') == ["Ghost"]

    def test_skips_selectors_that_nobody_knows(self) -> None:
        assert (
            faint("<style>p::-moz-x:y( { color: #fff } a { color: #000 }</style><p>Clear</p>") == []
        )


class TestTheRule:
    def test_tells_the_words_and_the_light(self, tmp_path: Path) -> None:
        assert told(tmp_path, showing('<mj-text color="#bbbbbb">Hello!</mj-text>')) == [
            (
                "cart/kept.mjml: error: “Hello!” is hard to read in light mode "
                "(contrast 1.9, 4.5 is "
                "the least): make it stand out from what is behind it. [contrast]"
            )
        ]
