"""The four steps of docs/how-to/write-a-journey.md, followed to the letter in a copy."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "how-to" / "write-a-journey.md"

_NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "build", "docs", "data", "*.egg-info", "benchmarks"
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the house, to build on."""
    return Path(shutil.copytree(ROOT, tmp_path / "house", ignore=_NOT_COPIED))


def follow(house: Path) -> None:
    for block in blocks(PAGE, "file"):
        file = house / str(block.path)
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.code)
    for block in blocks(PAGE, "change"):
        change(house / str(block.path), block)


def change(file: Path, block: Block) -> None:
    """Make each change that the block shows, at the one place that it fits."""
    text = file.read_text()
    for hunk in re.split(r"^@@.*\n", block.code, flags=re.MULTILINE)[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text)


def run(house: Path, *command: str) -> str:
    """What a command says in the house."""
    told = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    return told.stdout + told.stderr


class TestAJourneyOfOnesOwn:
    def test_passes_its_test_once_the_four_steps_are_done(self, house: Path) -> None:
        follow(house)

        told = run(house, sys.executable, "-m", "pytest", "-q", "tests/workflows/test_wish_list.py")

        assert "2 passed" in told, told

    def test_is_kept_apart_from_the_other_journeys(self, house: Path) -> None:
        follow(house)
        journey = house / "workflows" / "wish_list.py"
        journey.write_text(f"import workflows.win_back\n{journey.read_text()}")

        told = run(house, str(Path(sys.executable).with_name("lint-imports")))

        assert "Journeys do not know each other BROKEN" in told, told
