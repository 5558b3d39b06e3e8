import re
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from domain.durations import say_duration

EXAMPLE = Path(__file__).parents[2] / ".env.example"
LINES = EXAMPLE.read_text().splitlines()


def written(default: Any) -> str:
    """A default as it stands in the example."""
    if default is None or default == ():
        return ""
    if isinstance(default, timedelta):
        return say_duration(default)
    return str(default.value if isinstance(default, Enum) else default)


class TestTheExampleOfSettings:
    @pytest.mark.parametrize("name", Settings.model_fields)
    def test_shows_each_with_its_default_below_a_comment(self, name: str) -> None:
        default = written(Settings.model_fields[name].default)

        place = LINES.index(f"#DORMOUSE_{name.upper()}={default}")

        assert re.match(r"# [A-Z0-9]", LINES[place - 1]) or LINES[place - 2].startswith("# ")

    def test_shows_none_that_does_not_exist(self) -> None:
        shown = re.findall(r"^#?(DORMOUSE_\w+)=", EXAMPLE.read_text(), re.MULTILINE)

        assert sorted(shown) == sorted(f"DORMOUSE_{name.upper()}" for name in Settings.model_fields)

    def test_changes_nothing_when_it_is_copied_as_it_is(self) -> None:
        assert all(line == "" or line.startswith("#") for line in LINES)
