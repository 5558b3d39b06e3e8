"""Durations as people write them ("2h", "3 days", "1 week 2 days") and as values."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s*"
    r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?![a-z])\s*,?",
    re.IGNORECASE,
)
_NAMES = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_LONGEST = timedelta(days=3_650)


def parse_duration(text: str) -> timedelta:
    """The length of time that `text` names; raises ValueError with an example when it is none."""
    rest, total = text.strip(), 0.0
    while rest and (match := _UNIT.match(rest)):
        total += float(match[1]) * _SECONDS[match[2][0].lower()]
        rest = rest[match.end() :]
    if rest or not text.strip():
        raise ValueError(f"{text!r} is not a duration; write it like '90 minutes', '2h', '3 days'")
    try:
        return timedelta(seconds=total)
    except OverflowError as error:
        raise ValueError("this is longer than any duration; write it like '3 days'") from error


def say_duration(duration: timedelta) -> str:
    """`duration` in words, exactly: "2 days 3 hours"; a fraction of a second keeps its digits."""
    seconds = duration.total_seconds()
    whole, parts = int(seconds), []
    for name, size in _NAMES[:-1]:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    left = round(whole + seconds - int(seconds), 6)
    if left or not parts:
        parts.append(f"{_digits(left)} second{'s' if left != 1 else ''}")
    return " ".join(parts)


def _digits(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _read(value: object) -> object:
    if not isinstance(value, str) or value[:1] in {"P", "-"}:
        return value  # ISO 8601 and timedelta: pydantic's own business
    return parse_duration(value)


def _sane(value: timedelta) -> timedelta:
    if not timedelta() <= value <= _LONGEST:
        raise ValueError("a duration must be between 0 seconds and 10 years")
    return value


#: A setting that is a length of time: read from "2h" or ISO 8601, written as "2 hours".
Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    AfterValidator(_sane),
    PlainSerializer(say_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "examples": ["30 minutes", "2h", "3 days"]}),
]
