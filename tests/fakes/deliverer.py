"""Somebody who takes everything in hand and remembers it, but tells no Temporal."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from store import tables


@dataclass
class FakeDeliverer:
    """Delivers nothing; what it was given can be looked at."""

    owner: str = "test"
    has_room: bool = True
    delivered: list[tables.Dispatch] = field(default_factory=list)

    def deliver(self, rows: Sequence[tables.Dispatch]) -> None:
        self.delivered += rows
