"""`dormouse mails`: for teams, their pipelines, and whoever writes mails."""

import json
from pathlib import Path

import pytest

from tests.fakes.good_mail import FOOTER, GERMAN, GOOD
from tests.fakes.installation import Installation
from tests.fakes.mail_folder import mail_folder


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


class TestCheck:
    async def test_ends_well_when_there_is_nothing_to_mend(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        folder = mail_folder(tmp_path / "own", GOOD, german=GERMAN, footer=FOOTER)

        ended = await installation.run("mails", "check", "--templates", str(folder))

        assert (ended.code, ended.out) == (0, "1 mail in en, de: no errors, no warnings.\n")

    async def test_fails_a_pipeline_when_there_is(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        german = GERMAN.replace('"Abmelden"', '""')
        folder = mail_folder(tmp_path / "own", GOOD, german=german, footer=FOOTER)

        ended = await installation.run("mails", "check", "--templates", str(folder), "--json")

        assert ended.code == 1
        assert json.loads(ended.out)["findings"] == [
            {
                "rule": "language",
                "file": "locale/de/LC_MESSAGES/mails.po",
                "line": 13,
                "sentence": "“Leave” is not translated: write its msgstr.",
                "severity": "error",
            }
        ]


class TestGallery:
    async def test_says_that_it_needs_a_browser(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        ended = await installation.run(
            "mails",
            "gallery",
            "--journey=win-back",
            "--language=en",
            f"--out={tmp_path / 'gallery'}",
            f"--chromium={tmp_path / 'gone'}",
        )

        assert ended.code == 1
        assert ended.err.startswith("The gallery's pictures need Chromium or Chrome")
        assert ended.err.count("\n") == 1


class TestReviewUrl:
    async def test_must_say_where_the_product_goes(self, installation: Installation) -> None:
        ended = await installation.run(
            "migrate", DORMOUSE_SHOP_REVIEW_URL="https://shop.example/review"
        )

        assert ended.code == 1
        assert ended.err == (
            "DORMOUSE_SHOP_REVIEW_URL is wrong: must hold {product_id}, like "
            "https://shop.example/review/{product_id} (got 'https://shop.example/review').\n"
        )
