from pathlib import Path

import pytest

from tests.fakes.good_mail import BUTTON, FOOTER, GOOD, showing, told


class TestAGoodMail:
    def test_has_nothing_to_mend(self, tmp_path: Path) -> None:
        assert told(tmp_path) == []


class TestSize:
    @pytest.mark.parametrize(
        ("kilobytes", "said"),
        [
            (70, []),
            (
                85,
                [
                    (
                        "cart/kept.mjml: warning: the HTML when everything is known has 90 KB, and "
                        "Gmail cuts off at 102: mind what you add. [size]"
                    )
                ],
            ),
            (
                110,
                [
                    (
                        "cart/kept.mjml: error: the HTML when everything is known has 115 KB, and "
                        "Gmail cuts off at 102: show less in it. [size]"
                    )
                ],
            ),
        ],
    )
    def test_stays_below_what_gmail_shows(
        self, tmp_path: Path, kilobytes: int, said: list[str]
    ) -> None:
        words = "word " * (kilobytes * 1024 // 5)

        found = told(tmp_path, showing(f'<mj-text color="#222222">{words}</mj-text>'))

        assert found[:1] == said


class TestWayOut:
    def test_is_a_link_for_everybody(self, tmp_path: Path) -> None:
        footer = FOOTER.replace("<a ", "{% if person.first_name %}<a ")
        footer = footer.replace("</a>", "</a>{% endif %}")

        assert told(tmp_path, footer=footer) == [
            (
                "cart/kept.mjml: error: no link leads to links.unsubscribe when nothing but the "
                "address is known: include a footer. [unsubscribe]"
            )
        ]

    def test_shows_the_address_to_everybody(self, tmp_path: Path) -> None:
        address = "{% if person.first_name %}{{ shop.postal_address }}{% endif %}"
        footer = FOOTER.replace("{{ shop.postal_address }}", address)

        assert told(tmp_path, footer=footer) == [
            (
                "cart/kept.mjml: error: shop.postal_address is not shown when nothing "
                "but the address "
                "is known: include a footer. [address]"
            )
        ]

    def test_is_not_wanted_of_a_transactional_mail(self, tmp_path: Path) -> None:
        footer = '<mj-text color="#222222">{{ _("Leave") }}</mj-text>'

        assert told(tmp_path, f"<!-- kind: transactional -->\n{GOOD}", footer=footer) == []


class TestLanguage:
    def test_is_said_for_screen_readers(self, tmp_path: Path) -> None:
        mail = GOOD.replace(' lang="{{ language }}" dir="{{ direction }}"', "")

        assert told(tmp_path, mail) == [
            (
                "cart/kept.mjml: error: the page does not say its language: begin with "
                '<mjml lang="{{ language }}">. [lang]'
            ),
            (
                "cart/kept.mjml: error: the page does not say its direction: begin with "
                '<mjml dir="{{ direction }}">. [dir]'
            ),
        ]


class TestDarkMode:
    def test_is_announced(self, tmp_path: Path) -> None:
        mail = GOOD.replace('<meta name="color-scheme" content="light dark" />', "")

        assert told(tmp_path, mail) == [
            (
                'cart/kept.mjml: error: <meta name="color-scheme" content="light dark" /> is '
                "missing, "
                "so mail programs turn colours round: include head.mjml. [dark-mode]"
            )
        ]


class TestLinks:
    def test_say_where_they_lead(self, tmp_path: Path) -> None:
        empty = '<mj-text><a href="https://shop.example/a"> </a></mj-text>'

        assert told(tmp_path, showing(empty)) == [
            (
                "cart/kept.mjml: error: the link to https://shop.example/a has no "
                "text: say where it "
                "leads. [link-text]"
            )
        ]

    @pytest.mark.parametrize("known", ["person.first_name", "customer_reference"])
    def test_never_name_the_person(self, tmp_path: Path, known: str) -> None:
        address = f"https://shop.example/?to={{{{ {known}|clip(4) if {known} else 'you' }}}}"
        link = f'<a href="{address}" style="color: inherit;">Hi</a>'

        found = told(tmp_path, showing(f'<mj-text color="#222222">{link}</mj-text>'))

        name = {"person.first_name": "Anna", "customer_reference": "c-42"}[known]
        assert found[0] == (
            f"cart/kept.mjml: error: the address https://shop.example/?to={name} names the "
            "person: use what links.* offers. [person-in-link]"
        )


class TestCallToAction:
    def test_is_there(self, tmp_path: Path) -> None:
        found = told(tmp_path, GOOD.replace(BUTTON, ""))

        assert found[0] == (
            "cart/kept.mjml: error: there is no button when everything is known: say with one "
            "mj-button what to do. [call-to-action]"
        )

    def test_is_alone(self, tmp_path: Path) -> None:
        found = told(tmp_path, showing(BUTTON.replace("Go", "Stay")))

        assert found[0] == (
            "cart/kept.mjml: error: “Stay” and “Go” compete when everything is known: keep one "
            "button, make the rest links. [call-to-action]"
        )

    def test_may_have_its_words_set_in_bold(self, tmp_path: Path) -> None:
        assert told(tmp_path, GOOD.replace(">Go<", "><strong>Go</strong><")) == []

    def test_has_words_of_its_own_for_when_pictures_are_off(self, tmp_path: Path) -> None:
        picture = '<img src="https://a.example/b" alt="Go" width="9" height="9" />'

        found = told(tmp_path, GOOD.replace(">Go<", f">{picture}<"))

        assert found[0].startswith("cart/kept.mjml: error: there is no button")

    def test_is_not_wanted_of_mail_to_the_shop_itself(self, tmp_path: Path) -> None:
        mail = f"<!-- kind: internal -->\n{GOOD.replace(BUTTON, '')}"

        assert told(tmp_path, mail) == []


class TestWidth:
    @pytest.mark.parametrize(
        "wide",
        ['<p style="width: 640px;">Hi</p>', '<table width="640"><tr><td>Hi</td></tr></table>'],
    )
    def test_is_what_mail_programs_show(self, tmp_path: Path, wide: str) -> None:
        tag = wide[1:].split(maxsplit=1)[0]

        assert told(tmp_path, showing(f'<mj-text color="#222222">{wide}</mj-text>')) == [
            f"cart/kept.mjml: error: <{tag}> is 640 pixels wide: 600 is the most that fits. [width]"
        ]


class TestPictures:
    def test_keep_their_place_before_they_are_loaded(self, tmp_path: Path) -> None:
        picture = '<mj-text><img src="https://a.example/b" alt="B" width="9" /></mj-text>'

        assert told(tmp_path, showing(picture)) == [
            (
                "cart/kept.mjml: error: the picture https://a.example/b has no height: add it."
                " [picture-size]"
            )
        ]
