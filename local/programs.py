"""A program that runs beside ours: how it is started, known to be ready, and stopped."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from domain.errors import DormouseError

#: Bytes in which the last line begins: servers write whole stacks into one.
_TAIL: Final = 32_768


class DidNotStart(DormouseError):
    """A program ended, or did not answer, before it was ready; the message says why."""


async def ready_at_once() -> bool:
    """The answer of a program that needs no time to become ready."""
    return True


def last_words(program: "Program") -> str:
    """That a program did not start, and what it said last."""
    told = tail(program.log) or f"it said nothing, see {program.log}"
    return f"The {program.name} did not start: {told}"


def tail(log: Path) -> str:
    """The last line of a log that says something; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@dataclass(frozen=True, slots=True)
class Program:
    """One child process, as the supervisor needs to know it."""

    name: str
    command: Sequence[str]
    #: Where its output goes, appended.
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    #: True as soon as it answers; asked again and again after each start.
    is_ready: Callable[[], Awaitable[bool]] = ready_at_once
    #: The sentence for people when it did not start.
    explain: "Callable[[Program], str]" = last_words
    #: What its log says last, for people.
    last_word: Callable[[Path], str] = tail
    #: What asks it to end.
    stops_on: signal.Signals = signal.SIGTERM
    #: How long it may take to become ready, and to end when asked to.
    ready_within: timedelta = timedelta(seconds=60)
    stops_within: timedelta = timedelta(seconds=5)
