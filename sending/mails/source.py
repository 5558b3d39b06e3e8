"""One mail as it was written: its MJML file with the shared parts put in, line by line.

The parts are put in here and not by the MJML compiler, because every later complaint can then
name the file and line that somebody really wrote.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.messages import MessageKind
from sending.mails.error import TemplateError

_INCLUDE: Final = re.compile(r'<mj-include\s+path="([^"]+)"\s*/>')
_DECLARATIONS: Final = re.compile(r"\A\s*<!--(\s*(?:kind|shows):.*?)-->", re.DOTALL)
_DECLARATION: Final = re.compile(r"(kind|shows):\s*([\w-]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file somebody wrote; `file` is relative to the folder of mails."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class MailSource:
    """A mail's whole MJML, and where each of its lines came from."""

    journey: str
    step: str
    kind: MessageKind
    #: Which products are looked up for it (`shows: cart`), None for none.
    shows: str | None
    mjml: str
    places: tuple[Place, ...]

    @property
    def file(self) -> str:
        """The mail's own file, relative to the folder of mails."""
        return f"{self.journey}/{self.step}.mjml"

    def head(self, tag: str) -> str:
        """What the first `<tag>` holds, in one line; empty when there is none."""
        found = _element(tag).search(self.mjml)
        return " ".join(found[1].split()) if found else ""

    def with_head(self, tag: str, content: str) -> str:
        """The MJML with `content` in the first `<tag>`."""
        return _element(tag).sub(lambda _: f"<{tag}>{content}</{tag}>", self.mjml, count=1)

    def wrong(self, message: str, line: int | None = None) -> TemplateError:
        """The error for `line` (from 1) of the whole MJML, told where it was written."""
        if line is None or not 0 < line <= len(self.places):
            return TemplateError(message, file=self.file)
        place = self.place(line)
        return TemplateError(message, file=place.file, line=place.line)

    def place(self, line: int) -> Place:
        """Where `line` (from 1) of the whole MJML was written."""
        return self.places[line - 1]


def read_mails(folder: Path) -> Iterator[MailSource]:
    """Every `<journey>/<step>.mjml` in the folder; files directly in it are shared parts."""
    parts = {path.name: _text(path, path.name) for path in folder.glob("*.mjml")}
    for path in sorted(folder.glob("*/*.mjml")):
        yield _read(path, parts)


def _read(path: Path, parts: dict[str, str]) -> MailSource:
    file = f"{path.parent.name}/{path.name}"
    lines = list(_lines(file, _text(path, file), parts, within=()))
    mjml = "\n".join(text for text, _ in lines)
    found = _DECLARATIONS.search(mjml)
    declared = dict(_DECLARATION.findall(found[1])) if found else {}
    return MailSource(
        journey=path.parent.name,
        step=path.stem,
        kind=_kind(file, declared.get("kind", MessageKind.MARKETING)),
        shows=declared.get("shows"),
        mjml=_DECLARATIONS.sub(lambda found: "\n" * found[0].count("\n"), mjml),
        places=tuple(place for _, place in lines),
    )


def _text(path: Path, file: str) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        message = "this is not written in UTF-8: save it in that encoding."
        raise TemplateError(message, file=file) from error


def _kind(file: str, declared: str) -> MessageKind:
    try:
        return MessageKind(declared)
    except ValueError as error:
        known = ", ".join(MessageKind)
        message = f"there is no kind of mail called “{declared}”: write one of {known}."
        raise TemplateError(message, file=file, line=1) from error


def _lines(
    file: str, text: str, parts: dict[str, str], *, within: tuple[str, ...]
) -> Iterator[tuple[str, Place]]:
    for number, line in enumerate(text.splitlines(), 1):
        include = _INCLUDE.fullmatch(line.strip())
        if include is None:
            yield line, Place(file, number)
            continue
        name = include[1]
        if name not in parts or name in within:
            raise TemplateError(_cure(name, parts), file=file, line=number)
        yield from _lines(name, parts[name], parts, within=(*within, name))


def _cure(name: str, parts: dict[str, str]) -> str:
    if name in parts:
        return f"“{name}” includes itself: take this line away."
    return f"there is no part “{name}” to include: use one of {', '.join(sorted(parts))}."


def _element(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<{tag}>(.*?)</{tag}>", re.DOTALL)
