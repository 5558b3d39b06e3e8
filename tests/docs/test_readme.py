"""What the pages say holds: quotes, names, settings and links."""

import re
from datetime import timedelta
from enum import Enum
from pathlib import Path

import pytest
from typer.main import get_command

from cli import app
from config import Settings
from domain.durations import say_duration
from tests.docs.pages import PAGES, README, ROOT, blocks, commands, is_quoted_from

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SETTINGS = ROOT / "docs" / "settings.md"
EXAMPLE = (ROOT / ".env.example").read_text()


def spoken_commands() -> set[str]:
    """Every command of `dormouse`, those of a group with its name before them."""
    spoken: set[str] = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # a group
        inner = getattr(command, "commands", {})
        spoken |= {name, *(f"{name} {sub}" for sub in inner)}
    return spoken


def default_of(name: str) -> str:
    default = Settings.model_fields[name].default
    if isinstance(default, timedelta):
        return say_duration(default)
    shown = "" if default is None or default == () else default
    return str(shown.value if isinstance(shown, Enum) else shown)


def meaning_of(variable: str) -> str:
    """What the example of settings says of a variable, in one line."""
    found = re.search(rf"((?:^# .*\n)+)#{variable}=", EXAMPLE, re.MULTILINE)
    assert found, variable
    return " ".join(line.removeprefix("# ") for line in found[1].splitlines())


def settings_table() -> str:
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name in Settings.model_fields:
        variable, default = f"DORMOUSE_{name.upper()}", default_of(name)
        shown = f"`{default}`" if default else ""
        rows.append(f"| `{variable}` | {shown} | {meaning_of(variable)} |")
    return "\n".join(rows)


def names_of(headings: str) -> set[str]:
    """The anchors that a page's headings make."""
    titles = re.findall(r"^#+ (.+)$", headings, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def linked_from(page: Path) -> set[Path]:
    """The pages that a page links to."""
    links = re.findall(r"\]\((?!\w+:)([^)#]+\.md)(?:#[^)]*)?\)", page.read_text())
    return {(page.parent / link).resolve() for link in links}


def found_from(page: Path) -> set[Path]:
    """The pages that a reader finds who follows links."""
    found, new = set[Path](), {page}
    while new:
        found |= new
        new = {link for page in new for link in linked_from(page) if link.exists()} - found
    return found


class TestThePages:
    @every_page
    def test_quote_files_as_they_are(self, page: Path) -> None:
        quotes = blocks(page, "from")

        assert [q.path for q in quotes if not is_quoted_from(q.code, ROOT / str(q.path))] == []

    @every_page
    def test_name_only_targets_that_make_has(self, page: Path) -> None:
        named = {
            found[1] for text in commands(page) if (found := re.match(r"make ([a-z-]+)", text))
        }

        assert named - TARGETS == set()

    @every_page
    def test_name_only_commands_that_there_are(self, page: Path) -> None:
        spoken = re.compile(r"(?:\.venv/bin/)?dormouse ((?:keys |mails )?[a-z][a-z-]*)")
        named = {found[1] for text in commands(page) if (found := spoken.match(text))}

        assert named - spoken_commands() == set()

    @every_page
    def test_name_only_settings_that_there_are(self, page: Path) -> None:
        named = set(re.findall(r"DORMOUSE_(?!TEST_|BENCHMARK_)[A-Z_]*[A-Z]", page.read_text()))

        assert named - {f"DORMOUSE_{name.upper()}" for name in Settings.model_fields} == set()

    @every_page
    def test_link_only_to_what_is_there(self, page: Path) -> None:
        links = re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", page.read_text())

        broken = [
            (file, anchor)
            for file, anchor in links
            if not (target := page.parent / file if file else page).exists()
            or (anchor and anchor not in names_of(target.read_text()))
        ]

        assert broken == []

    def test_promise_to_be_run_only_where_a_test_does_it(self) -> None:
        promised = {page.stem for page in PAGES if blocks(page, "run")}

        assert promised == {
            *("README", "operate", "products", "write-a-journey"),  # test_calls.py
            *("back-up-and-restore", "connect-segment"),  # test_backup.py, test_connecting.py
            "postgresql",  # test_roles.py
            "deploying",  # tests/deployment/test_deploying_page.py
        }

    @every_page
    def test_can_be_found_from_the_readme(self, page: Path) -> None:
        assert page in found_from(README)


class TestTheReadme:
    def test_quotes_what_it_shows_of_journeys_and_tests(self) -> None:
        shown = [block for block in blocks(README) if block.language in {"python", "diff"}]

        assert [block.path for block in shown] == [
            "workflows/cart_abandonment.py",
            "tests/workflows/test_cart_abandonment.py",
            *["docs/how-to/write-a-journey.md"] * 3,
        ]


class TestTheListOfSettings:
    def test_has_every_setting_with_default_and_meaning(self) -> None:
        assert f"<!-- settings -->\n{settings_table()}\n" in SETTINGS.read_text(), (
            f"put this below <!-- settings -->:\n{settings_table()}"
        )
