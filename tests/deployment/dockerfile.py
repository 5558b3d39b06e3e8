"""The Dockerfile as data: its instructions, and what they copy from this repository."""

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Instruction:
    """One instruction, in the stage that it belongs to (empty for the last one)."""

    stage: str
    name: str
    arguments: str

    @property
    def words(self) -> Sequence[str]:
        """Its arguments, as a shell would split them."""
        return shlex.split(self.arguments)

    @property
    def command(self) -> Sequence[str]:
        """The command of an ENTRYPOINT, CMD or HEALTHCHECK in exec form; raises ValueError."""
        found: Sequence[str] = json.loads(self.arguments[self.arguments.index("[") :])
        return found


def instructions() -> Iterator[Instruction]:
    """Every instruction, in order."""
    text = (ROOT / "Dockerfile").read_text()
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    stage = ""
    for line in filter(None, lines.splitlines()):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            stage = arguments.partition(" AS ")[2]
        yield Instruction(stage, name, arguments)


def named(name: str) -> list[Instruction]:
    """The instructions of this name."""
    return [instruction for instruction in instructions() if instruction.name == name]


def copied() -> list[str]:
    """What is copied from this repository, as it stands there."""
    plain = [i for i in named("COPY") if not i.arguments.startswith("--from=")]
    return [source for instruction in plain for source in instruction.words[:-1]]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a file of this repository through to the engine."""
    sent = True
    for rule in (ROOT / ".dockerignore").read_text().splitlines():
        if rule and not rule.startswith("#") and _fits(path, rule.removeprefix("!").rstrip("/")):
            sent = rule.startswith("!")
    return sent


def _fits(path: str, pattern: str) -> bool:
    parents = [path, *map(str, Path(path).parents)]
    if pattern.startswith("**/"):
        names = Path(path).parts
        return any(fnmatch.fnmatch(name, pattern[3:]) for name in names)
    return any(fnmatch.fnmatch(part, pattern) for part in parents)
