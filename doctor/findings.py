"""What the doctor says: one finding per check."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

#: Clocks that differ by more make events late, waits long and signatures old.
TOLERANCE: Final = timedelta(seconds=5)


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, in one sentence; what is wrong comes with its cure."""

    check: str
    verdict: Verdict
    says: str


def ok(check: str, says: str) -> Finding:
    """Nothing is to be done."""
    return Finding(check, Verdict.OK, says)


def warning(check: str, says: str) -> Finding:
    """Somebody should look, but journeys run."""
    return Finding(check, Verdict.WARNING, says)


def failed(check: str, says: str) -> Finding:
    """Somebody has to mend it."""
    return Finding(check, Verdict.FAILED, says)


def compared(check: str, whose: str, theirs: datetime, *, now: datetime) -> Finding:
    """Whether somebody else's clock agrees with ours."""
    ahead = theirs - now
    if abs(ahead) <= TOLERANCE:
        return ok(check, f"{whose} clock agrees with this machine's.")
    direction = "ahead of" if ahead > timedelta() else "behind"
    seconds = round(abs(ahead).total_seconds())
    return failed(
        check,
        f"{whose} clock is {seconds:,} seconds {direction} this machine's: let both follow NTP.",
    )


def moment_of(header: str | None) -> datetime | None:
    """The moment in an HTTP `Date` header."""
    try:
        return parsedate_to_datetime(header or "").astimezone(UTC)
    except ValueError:
        return None
