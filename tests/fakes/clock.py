"""A clock that stands still until a test lets time pass."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class Clock:
    """Call it for the time; begins at noon of a Monday."""

    at: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **duration: float) -> None:
        """Let time pass: `days=1`, `minutes=5`."""
        self.at += timedelta(**duration)
