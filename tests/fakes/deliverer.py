"""Somebody who takes everything in hand and remembers it, but tells no Temporal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from store import tables
from store.dispatches import Address


@dataclass
class FakeDeliverer:
    """Delivers nothing; what it was given can be looked at."""

    owner: str = "test"
    has_room: bool = True
    delivered: list[tables.Dispatch] = field(default_factory=list)
    addresses: dict[str, Address] = field(default_factory=dict)

    def deliver(self, rows: Sequence[tables.Dispatch], addresses: Mapping[str, Address]) -> None:
        self.delivered += rows
        self.addresses |= addresses
