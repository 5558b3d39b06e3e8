"""What programs say to operators."""

import asyncio
import json
import logging
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.ports import free_port
from logs import OURS, LogFormat, set_up_logs
from tests.fakes.installation import Installation

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Let no other test log as these do."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in OURS}
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def said(capsys: pytest.CaptureFixture[str], form: LogFormat, **extra: Any) -> str:
    """The line of one warning, from its level on."""
    set_up_logs(form=form, level="info")
    logging.getLogger("dispatch.repeating").warning("dispatch.waiting", extra=extra)
    [line] = capsys.readouterr().err.splitlines()
    return line


class TestALine:
    def test_tells_when_how_bad_who_and_what(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = said(capsys, "logfmt", error="The database does not answer.", attempts=3)

        at, _, rest = line.partition(" ")
        assert datetime.fromisoformat(at.removeprefix("at=")).tzinfo == UTC
        assert rest == (
            "level=warning logger=dispatch.repeating event=dispatch.waiting "
            'error="The database does not answer." attempts=3'
        )

    def test_is_json_for_programs(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = json.loads(said(capsys, "json", error='no "answer"', run={"id": "r1"}))

        assert line.pop("at")
        assert line == {
            "level": "warning",
            "logger": "dispatch.repeating",
            "event": "dispatch.waiting",
            "error": 'no "answer"',
            "run": {"id": "r1"},
        }

    @pytest.mark.parametrize("form", ["logfmt", "json"])
    def test_stays_one_whatever_a_value_holds(
        self, capsys: pytest.CaptureFixture[str], form: LogFormat
    ) -> None:
        line = said(capsys, form, error="one\ntwo\x1b[31m level=error")

        assert "one\\ntwo\\u001b[31m level=error" in line

    def test_holds_the_traceback_of_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        set_up_logs(form="json", level="info")

        try:
            raise ValueError("torn")  # noqa: TRY301 - it is about to be logged
        except ValueError:
            logging.getLogger("api").exception("request.failed")

        line = json.loads(capsys.readouterr().err)
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert line["exception"].endswith("\nValueError: torn")


class TestTheLevel:
    def test_holds_for_what_is_ours(self, capsys: pytest.CaptureFixture[str]) -> None:
        set_up_logs(form="logfmt", level="debug")

        logging.getLogger("sending.smtp").debug("ours")
        logging.getLogger("aiosqlite").debug("INSERT INTO people VALUES ('ada@example.com')")
        logging.getLogger("temporalio").info("theirs")

        assert [line.split("event=")[1] for line in capsys.readouterr().err.splitlines()] == [
            "ours"
        ]

    def test_knows_every_room(self) -> None:
        tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
        rooms = {name.rstrip("*") for name in tool["packages"]["find"]["include"]}

        assert rooms - {"templates"} <= set(OURS)


class TestAGateway:
    async def test_says_why_it_waits_in_the_form_that_is_set(self, tmp_path: Path) -> None:
        installation = Installation(tmp_path)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "cli.py"), "api"),
            cwd=tmp_path,
            env={
                **installation.settings,
                "DORMOUSE_SECRET_KEY": "s" * 32,
                "DORMOUSE_LOG_FORMAT": "json",
                "DORMOUSE_SHOP_NMAE": "Hazel",
                "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
            },
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr
        lines: list[dict[str, Any]] = []
        async with asyncio.timeout(30):
            while "dormouse migrate" not in (lines[-1].get("error", "") if lines else ""):
                lines.append(json.loads(await process.stderr.readline()))
        process.terminate()
        await process.communicate()

        assert "DORMOUSE_SHOP_NAME?" in lines[0]["event"]
        assert lines[-1]["event"].endswith(".waiting")
