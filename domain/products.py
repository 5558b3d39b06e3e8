"""Products, as far as journeys need to know them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ProductKind(StrEnum):
    """How long a product takes to be used, worn out or eaten; decides review delays."""

    SOFT = "soft"
    HARD = "hard"
    CONSUMABLE = "consumable"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the shop's catalogue. Everything but the id may be unknown."""

    id: str
    title: str | None = None
    category: str | None = None
    price: Decimal | None = None
    #: What it costs otherwise, when the shop has lowered the price; in the same currency.
    compare_at_price: Decimal | None = None
    currency: str | None = None
    image_url: str | None = None
    url: str | None = None
    kind: ProductKind | None = None
    #: Pieces that one customer uses up in a day, of a consumable.
    daily_use: Decimal | None = None
    #: Pieces in stock; None when the shop does not say.
    stock: int | None = None
    #: Whether it can be bought now; None when the shop leaves that to `stock`.
    available: bool | None = None
    #: Ids of products that go with this one, as the shop configured them.
    complements: tuple[str, ...] = ()
    #: Ids of better versions of this one.
    upgrades: tuple[str, ...] = ()
    #: When the shop last described it; until it does, when an event last told of it.
    updated_at: datetime | None = None
    #: When the shop took it out of its catalogue.
    discontinued_at: datetime | None = None

    @property
    def is_sold_out(self) -> bool:
        """Whether it is known that nobody can buy it now."""
        return self.stock == 0 if self.available is None else not self.available

    @property
    def is_on_sale(self) -> bool:
        """Whether a mail may hold it out to be bought: in the catalogue, and not sold out."""
        return self.discontinued_at is None and not self.is_sold_out


def slowest(kinds: Iterable[ProductKind | None]) -> ProductKind | None:
    """The kind that needs the longest time among several.

    Hard, then consumable, then what is not known, then soft: an order of a shirt and of something
    unknown waits as long as something unknown.
    """
    among = set(kinds)
    for kind in (ProductKind.HARD, ProductKind.CONSUMABLE, None):
        if kind in among:
            return kind
    return ProductKind.SOFT if among else None
