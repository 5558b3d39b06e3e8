import io
import json
from pathlib import Path

from rich.console import Console

from doctor.examination import examine
from doctor.findings import failed, ok, warning
from doctor.report import json_of, table_of
from local.ports import free_port
from tests.doctor.conftest import Configured, told
from tests.fakes.installation import Installation

FINDINGS = [ok("time", "All is well."), warning("sender", "Look here."), failed("shop", "Mend me.")]


class TestTheReport:
    def test_counts_what_it_lists(self) -> None:
        paper = io.StringIO()

        Console(file=paper, width=60).print(table_of(FINDINGS))

        assert paper.getvalue().split("\n") == [
            "ok       time    All is well.",
            "warning  sender  Look here.  ",
            "failed   shop    Mend me.    ",
            "",
            "1 ok, 1 warning, 1 failed",
            "",
        ]

    def test_repeats_commands_in_one_line_each_to_be_copied(self) -> None:
        paper = io.StringIO()
        findings = [
            failed("schema", "The database has no tables: run `dormouse migrate`."),
            failed("version", "Run `temporal worker deployment describe --name dormouse`."),
        ]

        Console(file=paper, width=40, soft_wrap=True).print(table_of(findings))

        assert paper.getvalue().splitlines()[-5:] == [
            "",
            "dormouse migrate",
            "temporal worker deployment describe --name dormouse",
            "",
            "2 failed",
        ]

    def test_tells_programs_the_same(self) -> None:
        assert json_of(FINDINGS) == {
            "healthy": False,
            "findings": [
                {"check": "time", "verdict": "ok", "says": "All is well."},
                {"check": "sender", "verdict": "warning", "says": "Look here."},
                {"check": "shop", "verdict": "failed", "says": "Mend me."},
            ],
        }

    def test_calls_healthy_what_has_only_warnings(self) -> None:
        assert json_of(FINDINGS[:2])["healthy"] is True


class TestAnExamination:
    async def test_tells_of_every_part_even_when_all_are_down(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        nowhere = f"127.0.0.1:{free_port()}"
        settings = configured(
            database_url=f"sqlite:///{tmp_path}/none.db",
            smtp_url=f"smtp://{nowhere}",
            public_url=f"https://{nowhere}",
            temporal_port=free_port(),
        )

        findings = told(await examine(settings))

        assert [check for check, (verdict, _) in findings.items() if verdict == "failed"] == [
            "schema",
            "temporal",
            "public address",
            "smtp",
        ]


class TestTheCommand:
    async def test_fails_and_says_why(self, tmp_path: Path) -> None:
        doctor = await Installation(tmp_path).run("doctor", "--json")

        assert doctor.code == 1
        report = json.loads(doctor.out)
        assert report["healthy"] is False
        assert {
            "check": "schema",
            "verdict": "failed",
            "says": "The database has no tables: run `dormouse migrate`.",
        } in report["findings"]

    async def test_wraps_nothing_where_no_terminal_is(self, tmp_path: Path) -> None:
        doctor = await Installation(tmp_path).run("doctor", COLUMNS="40")

        lines = [line.split(maxsplit=2) for line in doctor.out.splitlines()]
        assert ["failed", "schema", "The database has no tables: run `dormouse migrate`."] in [
            [*line[:2], line[-1].strip()] for line in lines if line
        ]

    async def test_names_the_setting_that_was_meant(self, tmp_path: Path) -> None:
        doctor = await Installation(tmp_path).run("doctor", "--json", DORMOUSE_SHOP_NMAE="Hazel")

        assert json.loads(doctor.out)["findings"][0] == {
            "check": "settings",
            "verdict": "warning",
            "says": "DORMOUSE_SHOP_NMAE is no setting and changes nothing: did you mean "
            "DORMOUSE_SHOP_NAME?",
        }

    async def test_says_which_setting_cannot_be_read(self, tmp_path: Path) -> None:
        doctor = await Installation(tmp_path).run("doctor", "--json", DORMOUSE_SENDER="smtp")

        assert doctor.code == 1
        assert json.loads(doctor.out)["findings"] == [
            {
                "check": "settings",
                "verdict": "failed",
                "says": "DORMOUSE_SENDER=smtp needs DORMOUSE_SMTP_URL, like "
                "smtp://user:password@host:587.",
            }
        ]
