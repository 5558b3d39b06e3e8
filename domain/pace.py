"""The pace of time: the one place where durations shrink for demonstrations.

Every duration and window, in stories and in rules, passes through `Pace.of` before it meets a
real clock. In production the scale is 1 and nothing changes.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """`scale` virtual seconds pass in one real second."""

    scale: float = 1.0

    def of(self, duration: timedelta) -> timedelta:
        """The real time that `duration` of the journey's own time takes."""
        return duration if self.scale == 1 else duration / self.scale

    def virtual(self, duration: timedelta) -> timedelta:
        """The journey's own time that `duration` of real time stands for."""
        return duration if self.scale == 1 else duration * self.scale
