"""The numbers of migrations on the pages are those of this version."""

import re

from store.migrations.run import newest_revision
from tests.docs.pages import ROOT


class TestThePagesOnMigrations:
    def test_draft_the_one_that_comes_next(self) -> None:
        page = (ROOT / "CONTRIBUTING.md").read_text()

        assert re.findall(r"--rev-id (\d+)", page) == [f"{int(newest_revision() or 0) + 1:04}"]

    def test_quote_a_doctor_who_knows_the_last(self) -> None:
        page = (ROOT / "docs" / "deploying.md").read_text()

        assert re.findall(r"schema is at (\d+)", page) == [newest_revision()]
