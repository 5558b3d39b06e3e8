from pathlib import Path

import pytest

from tests.fakes.good_mail import FOOTER, GOOD, showing, told

SIZE = 'width="96" height="96"'


class TestAlt:
    def test_is_missed_where_a_picture_has_none(self, tmp_path: Path) -> None:
        picture = f'<mj-text><img src="https://shop.example/a.png" {SIZE} /></mj-text>'

        assert told(tmp_path, showing(picture)) == [
            "cart/kept.mjml:17: error: <img> has no alt: say in a few words what it shows. [alt]"
        ]

    def test_may_be_empty_only_for_decoration(self, tmp_path: Path) -> None:
        pictures = (
            f'<mj-text><img src="https://shop.example/a.png" alt="" {SIZE} />\n'
            f'<img src="https://shop.example/b.png" alt="" role="presentation" {SIZE} /></mj-text>'
        )

        assert told(tmp_path, showing(pictures)) == [
            (
                "cart/kept.mjml:17: error: <img> has an empty alt: say what it shows, or add "
                'role="presentation" when it shows nothing. [alt]'
            )
        ]

    def test_is_wanted_of_mj_image_as_well(self, tmp_path: Path) -> None:
        picture = '<mj-image src="https://shop.example/a.png" />'

        assert told(tmp_path, showing(picture)) == [
            (
                "cart/kept.mjml:17: error: <mj-image> has no alt: say in a few words what it shows."
                " [alt]"
            )
        ]


class TestHttps:
    def test_is_wanted_of_every_address(self, tmp_path: Path) -> None:
        link = '<mj-text color="#222222"><a href="http://a.example" style="color: inherit;">A</a>'

        assert told(tmp_path, showing(f"{link}</mj-text>")) == [
            "cart/kept.mjml:17: error: href leads to an http:// address: write https://. [https]"
        ]

    def test_is_missed_in_the_shared_part_it_stands_in(self, tmp_path: Path) -> None:
        footer = f'{FOOTER}\n<mj-image src="http://a.example/b.png" alt="B" />'

        assert told(tmp_path, footer=footer) == [
            "footer.mjml:6: error: src leads to an http:// address: write https://. [https]"
        ]


class TestLoading:
    @pytest.mark.parametrize(
        ("content", "what"),
        [
            ('<mj-raw><link href="https://a.example/b.css" /></mj-raw>', "<link>"),
            ("<mj-raw><p style=\"background: url('https://a.example/b')\"></p></mj-raw>", "url("),
        ],
    )
    def test_is_refused_in_the_body(self, tmp_path: Path, content: str, what: str) -> None:
        assert told(tmp_path, showing(content)) == [
            (
                f"cart/kept.mjml:17: error: {what} loads something from elsewhere, which mail "
                "programs refuse or tell about: use what is on the reader's machine. [external]"
            )
        ]

    @pytest.mark.parametrize(
        ("style", "what"),
        [
            ("@import 'https://a.example/b.css';", "@import"),
            ("@font-face { font-family: A; }", "@font-face"),
            ("p { background: url(https://a.example/b.png); }", "url("),
        ],
    )
    def test_is_refused_in_styles(self, tmp_path: Path, style: str, what: str) -> None:
        mail = GOOD.replace("    <mj-style>\n", f"    <mj-style>\n      {style}\n")

        assert told(tmp_path, mail) == [
            (
                f"cart/kept.mjml:7: error: {what} loads something from elsewhere, which mail "
                "programs refuse or tell about: use what is on the reader's machine. [external]"
            )
        ]

    def test_is_refused_of_fonts(self, tmp_path: Path) -> None:
        mail = GOOD.replace("  </mj-head>", '    <mj-font name="A" href="https://a.example/b" />')
        mail = mail.replace("  <mj-body", "  </mj-head>\n  <mj-body")

        assert told(tmp_path, mail) == [
            (
                "cart/kept.mjml:13: error: <mj-font> loads something from elsewhere, which mail "
                "programs refuse or tell about: use what is on the reader's machine. [external]"
            )
        ]

    def test_is_refused_of_pictures_that_only_count(self, tmp_path: Path) -> None:
        pixel = '<img src="https://a.example/b.gif" alt="B" width="1" height="1" />'

        assert told(tmp_path, showing(f"<mj-text>{pixel}</mj-text>")) == [
            (
                "cart/kept.mjml:17: error: a picture of one pixel only tells somebody "
                "that the mail "
                "was opened: take it away. [external]"
            )
        ]


class TestBackgrounds:
    def test_are_colours_and_no_pictures(self, tmp_path: Path) -> None:
        mail = GOOD.replace("<mj-section ", '<mj-section background-url="https://a.example/b" ')

        assert told(tmp_path, mail) == [
            (
                "cart/kept.mjml:15: error: background-url puts words on a picture, where they are "
                "lost when pictures are off: take a colour, and put the picture into mj-image."
                " [images-off]"
            )
        ]
