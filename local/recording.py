"""A recorded stream of events: a file with one Segment message a line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import Any

from domain.errors import DormouseError
from local.pacing import Moment

_TIMES = ("timestamp", "originalTimestamp", "sentAt")


class NotAMessage(ValueError):
    """A line cannot be replayed; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no message with a time."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    at: datetime
    position: int
    number: int


@dataclass(frozen=True, slots=True)
class Recording:
    """The messages of a file in the order of their times; only their places are in memory."""

    path: Path
    places: tuple[_Place, ...]
    bad_lines: tuple[BadLine, ...]

    @classmethod
    def scan(cls, path: Path) -> "Recording":
        """Read the file once; raises DormouseError when it cannot be read or holds nothing."""
        places, bad_lines = [], []
        with _opened(path) as file:
            position = 0
            for number, line in enumerate(file, start=1):
                if line.strip():
                    try:
                        places.append(_Place(_time_of(_message(line)), position, number))
                    except NotAMessage as error:
                        bad_lines.append(BadLine(number, str(error)))
                position += len(line)
        if not places:
            raise DormouseError(_nothing(path, bad_lines))
        places.sort(key=lambda place: place.at)
        return cls(path, tuple(places), tuple(bad_lines))

    @property
    def duration(self) -> timedelta:
        """From the first message to the last."""
        return self.places[-1].at - self.places[0].at

    @property
    def begins_at(self) -> datetime:
        """The time of the first message."""
        return self.places[0].at

    def moments(self) -> Iterator[Moment]:
        """The messages in order, each with an id of its own."""
        with _opened(self.path) as file:
            for place in self.places:
                file.seek(place.position)
                line = file.readline()
                message = _message(line)
                message.setdefault("messageId", _id_of(place.number, line))
                yield Moment(place.at - self.begins_at, message, size=len(line))


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DormouseError(f"Cannot read {path} ({error.strerror}): check the path.") from error


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise NotAMessage(f"not JSON ({error})") from error
    if not isinstance(message, dict):
        raise NotAMessage("not a JSON object")
    return message


def _time_of(message: dict[str, Any]) -> datetime:
    written = next((message[name] for name in _TIMES if message.get(name)), None)
    if written is None:
        raise NotAMessage("it has no timestamp")
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        raise NotAMessage(f"its timestamp {written!r} is not ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _id_of(number: int, line: bytes) -> str:
    """An id that is the same in every replay of the same file."""
    return f"replay-{number}-{sha256(line).hexdigest()[:16]}"


def _nothing(path: Path, bad_lines: list[BadLine]) -> str:
    if not bad_lines:
        return f"{path} is empty: it should hold one Segment message a line."
    first = bad_lines[0]
    return (
        f"{path} holds no Segment message: line {first.number} is {first.reason}; "
        "one JSON object with a timestamp is expected on each line."
    )
