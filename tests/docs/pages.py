"""The pages that people read, and the blocks of code in them.

A comment before a block says what holds for it: `<!-- from FILE -->` quotes the file's lines,
`<!-- file FILE -->` is a file to write, `<!-- change FILE -->` a change to make in one, and
`<!-- run -->` works as it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
PAGES: Final = (
    README,
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    ROOT / "templates" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)

_FENCED: Final = re.compile(
    r"(?:^<!-- (?P<mark>from|file|change|run)(?: (?P<path>\S+))? -->\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INLINE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A block of code, and what its comment says of it."""

    mark: str | None
    path: str | None
    language: str
    code: str


def blocks(page: Path, mark: str | None = None) -> list[Block]:
    """The blocks of a page, or those that are marked so."""
    found = [Block(**match.groupdict()) for match in _FENCED.finditer(page.read_text())]
    return [block for block in found if mark in {None, block.mark}]


def commands(page: Path) -> Iterator[str]:
    """Everything on a page that somebody may type into a terminal."""
    for block in blocks(page):
        if block.language == "sh":
            yield from (line.partition("#")[0].strip() for line in block.code.splitlines())
    yield from _INLINE.findall(_FENCED.sub("", page.read_text()))


def is_quoted_from(code: str, file: Path) -> bool:
    """Whether `code` is some lines of `file` in a row, whatever their indentation."""
    wanted = code.splitlines()
    lines = file.read_text().splitlines()
    windows = (lines[at : at + len(wanted)] for at in range(len(lines)))
    return any(dedent("\n".join(window)).splitlines() == wanted for window in windows)
