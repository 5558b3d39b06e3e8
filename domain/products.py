"""Products, as far as journeys need to know them."""

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
    currency: str | None = None
    image_url: str | None = None
    url: str | None = None
    kind: ProductKind | None = None
    #: Pieces in stock; None when the shop does not say.
    stock: int | None = None
    #: Ids of products that go with this one, as the shop configured them.
    complements: tuple[str, ...] = ()
    updated_at: datetime | None = None


def slowest(kinds: "list[ProductKind | None]") -> ProductKind | None:
    """The kind that needs the longest time among several: hard, then consumable, then soft."""
    for kind in (ProductKind.HARD, ProductKind.CONSUMABLE, ProductKind.SOFT):
        if kind in kinds:
            return kind
    return None
