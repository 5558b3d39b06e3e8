from pathlib import Path

from sending.checking.check import check_mails
from tests.fakes.good_mail import BUTTON, FOOTER, GERMAN, GOOD, told
from tests.fakes.mail_folder import mail_folder

TEMPLATES = Path(__file__).parents[3] / "templates"


class TestCheck:
    def test_has_nothing_against_the_mails_that_we_ship(self) -> None:
        report = check_mails(TEMPLATES)

        assert [str(finding) for finding in report.findings] == []
        assert report.languages == ("en", "de", "fr", "tr")

    def test_tells_every_mail_that_cannot_be_made(self, tmp_path: Path) -> None:
        folder = mail_folder(tmp_path, "<mjml>", german=GERMAN, footer=FOOTER)
        other = GOOD.replace("{{ links.cart }}", "{{ links.card }}")
        (folder / "mails" / "cart" / "left.mjml").write_text(other, encoding="utf-8")

        found = [str(finding) for finding in check_mails(folder).findings]

        assert found == [
            "cart/kept.mjml:1: error: <mjml> is never closed: add </mjml>. [template]",
            (
                "cart/left.mjml:18: error: there is no “links.card”: did you mean “links.cart”?"
                " [template]"
            ),
        ]

    def test_tells_what_a_mail_takes_for_granted(self, tmp_path: Path) -> None:
        mail = GOOD.replace("Hello!", "{{ order.id }}")

        [said] = told(tmp_path, mail)

        assert said.startswith(
            "cart/kept.mjml: error: this mail cannot be rendered when nothing but the address is "
            "known ("
        )

    def test_says_once_what_every_mail_shares(self, tmp_path: Path) -> None:
        footer = f'{FOOTER}<mj-image src="https://a.example/b.png" />'
        folder = mail_folder(tmp_path, GOOD, german=GERMAN, footer=footer)
        (folder / "mails" / "cart" / "left.mjml").write_text(GOOD, encoding="utf-8")

        [finding] = check_mails(folder).findings

        assert finding.place == "footer.mjml:5"

    def test_says_once_what_every_sample_shares(self, tmp_path: Path) -> None:
        assert told(tmp_path, GOOD.replace(BUTTON, "")) == [
            (
                "cart/kept.mjml: error: there is no button when everything is known: say with one "
                "mj-button what to do. [call-to-action]"
            )
        ]

    def test_says_that_a_folder_holds_no_mails(self, tmp_path: Path) -> None:
        [finding] = check_mails(tmp_path).findings

        assert finding.sentence == (
            "there are no mails in it: name the folder that holds mails/ and locale/."
        )


class TestReport:
    def test_counts_what_it_looked_at_and_found(self, tmp_path: Path) -> None:
        folder = mail_folder(tmp_path, GOOD, german=GERMAN, footer=FOOTER)

        report = check_mails(folder)

        assert str(report) == "1 mail in en, de: no errors, no warnings."
        assert report.as_dict() == {"mails": 1, "languages": ("en", "de"), "findings": []}

    def test_tells_errors_from_warnings(self, tmp_path: Path) -> None:
        german = GERMAN.replace('"Abmelden"', '""') + '\nmsgid "Gone"\nmsgstr "Weg"\n'
        folder = mail_folder(tmp_path, GOOD, german=german, footer=FOOTER)

        report = check_mails(folder)

        assert (report.errors, report.warnings) == (1, 1)
        assert str(report).endswith("1 mail in en, de: 1 error, 1 warning.")
        assert report.as_dict()["findings"][0] == {
            "rule": "language",
            "file": "locale/de/LC_MESSAGES/mails.po",
            "line": 13,
            "sentence": "“Leave” is not translated: write its msgstr.",
            "severity": "error",
        }
