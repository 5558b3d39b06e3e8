"""Recommending: which products go with others, and why some are left out.

Configured complements come first, in the shop's order; then what is bought together, most often
first. The API explains with the same judgement that mails are composed by.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from domain.durations import Duration
from domain.products import Product, ProductKind


class Togetherness(BaseModel):
    """From when on two products count as bought together."""

    model_config = ConfigDict(frozen=True)

    #: Orders older than this are not looked at.
    within: Duration = timedelta(days=180)
    #: Fewer orders with both prove nothing.
    min_orders: int = Field(default=3, ge=1)
    #: How much more often than by chance: whatever everybody buys goes with nothing.
    min_lift: float = Field(default=1.5, ge=1)


class Refreshed(BaseModel):
    """What a count found: so many pairs, of so many products."""

    products: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """How often two products stood in the same orders."""

    orders_together: int
    orders_of_product: int
    orders_of_complement: int
    #: All orders that were looked at.
    orders: int
    computed_at: datetime

    @property
    def confidence(self) -> float:
        """The share of the product's orders that held the complement too."""
        return self.orders_together / self.orders_of_product

    @property
    def lift(self) -> float:
        """How many times as often as by chance: P(A and B) / (P(A) P(B))."""
        return self.confidence * self.orders / self.orders_of_complement


class Source(StrEnum):
    """Who says that a product goes with another."""

    CONFIGURED = "configured"
    BOUGHT_TOGETHER = "bought-together"


class LeftOut(StrEnum):
    """Why a product is not recommended."""

    UNKNOWN = "unknown-product"
    SAME_PRODUCT = "same-product"
    OWNED = "owned"
    DISCONTINUED = "discontinued"
    SOLD_OUT = "sold-out"
    NO_TITLE = "no-title"
    NO_PRICE = "no-price"
    NO_URL = "no-url"
    TOO_FEW_ORDERS = "too-few-orders"
    TOO_LITTLE_LIFT = "too-little-lift"
    NOT_COUNTED_YET = "not-counted-yet"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that may be recommended; `product` is None when nothing is known of it."""

    product_id: str
    source: Source
    product: Product | None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate, and why it is left out if it is."""

    candidate: Candidate
    left_out: LeftOut | None


def judge(
    candidates: Iterable[Candidate],
    *,
    given: Sequence[Product],
    owned: Collection[str] = (),
    just_bought: Collection[str] = (),
    rules: Togetherness | None = None,
) -> list[Judged]:
    """Which of the candidates go with the `given` products, each named once.

    What the customer owned before is left out, but for what is used up; what was `just_bought` is
    left out in any case. With `rules`, evidence is held against them.
    """
    ids, titles = {product.id for product in given}, {_title(p) for p in given if p.title}
    judged: dict[str, Judged] = {}
    for candidate in candidates:
        if candidate.product_id in judged:
            continue
        product = candidate.product
        left_out = (
            _sameness(candidate, ids, titles)
            or _weakness(candidate.evidence, rules)
            or (why_not_offered(product) if product else LeftOut.UNKNOWN)
            or _possession(product, owned, just_bought)
        )
        if product and not left_out:
            titles.add(_title(product))
        judged[candidate.product_id] = Judged(candidate, left_out)
    return list(judged.values())


def why_not_offered(product: Product) -> LeftOut | None:
    """What keeps a mail from holding a product out to be bought, whoever reads it."""
    objections = {
        LeftOut.DISCONTINUED: product.discontinued_at is not None,
        LeftOut.SOLD_OUT: product.is_sold_out,
        LeftOut.NO_TITLE: not product.title,
        LeftOut.NO_PRICE: product.price is None,
        LeftOut.NO_URL: not product.url,
    }
    return next((reason for reason, holds in objections.items() if holds), None)


def _sameness(
    candidate: Candidate, ids: Collection[str], titles: Collection[str]
) -> LeftOut | None:
    """The same thing in another size or colour has another id, but is called the same."""
    product = candidate.product
    is_same = candidate.product_id in ids or (
        product and product.title and _title(product) in titles
    )
    return LeftOut.SAME_PRODUCT if is_same else None


def _weakness(evidence: Evidence | None, rules: Togetherness | None) -> LeftOut | None:
    if evidence is None or rules is None:
        return None
    if evidence.orders_together < rules.min_orders:
        return LeftOut.TOO_FEW_ORDERS
    return LeftOut.TOO_LITTLE_LIFT if evidence.lift < rules.min_lift else None


def _possession(
    product: Product | None, owned: Collection[str], just_bought: Collection[str]
) -> LeftOut | None:
    if product is None:
        return None
    is_used_up = product.kind is ProductKind.CONSUMABLE
    has_it = product.id in just_bought or (product.id in owned and not is_used_up)
    return LeftOut.OWNED if has_it else None


def _title(product: Product) -> str:
    return " ".join((product.title or "").casefold().split())
