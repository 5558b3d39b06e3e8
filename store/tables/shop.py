"""The shop's catalogue and orders."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Numeric,
    String,
)
from sqlmodel import Field, SQLModel

from store.columns import Json, UtcDateTime, refers


class Product(SQLModel, table=True):
    """A product of the shop's catalogue, by the shop's id."""

    id: str = Field(primary_key=True, max_length=255)
    title: str | None = Field(default=None, max_length=500)
    category: str | None = Field(default=None, max_length=255, index=True)
    price: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))
    compare_at_price: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))
    currency: str | None = Field(default=None, max_length=3)
    image_url: str | None = Field(default=None, max_length=2_000)
    url: str | None = Field(default=None, max_length=2_000)
    kind: str | None = Field(default=None, max_length=20)
    daily_use: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))
    stock: int | None = None
    available: bool | None = None
    complements: list[str] = Field(default_factory=list, sa_type=Json)
    upgrades: list[str] | None = Field(default=None, sa_type=Json)
    #: True once the shop itself described it; until then it is known from events only.
    is_described: bool = False
    #: Which columns hold the shop's own words: events tell the others.
    described: list[str] | None = Field(default=None, sa_type=Json)
    #: When it was first heard of.
    added_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: When the shop last described it; until it does, when an event last told of it.
    updated_at: datetime = Field(sa_type=UtcDateTime)
    #: When the shop took it out of its catalogue.
    discontinued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Order(SQLModel, table=True):
    """An order, by the shop's id."""

    id: str = Field(primary_key=True, max_length=255)
    customer_id: str = Field(sa_column=refers("customer.id", cascade=True))
    #: completed, refunded or cancelled.
    status: str = Field(default="completed", max_length=16)
    total: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))
    currency: str | None = Field(default=None, max_length=3)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    #: What events have told of it so far (`domain.orders.OrderTold`); the rest follows from it.
    told: dict[str, Any] | None = Field(default=None, sa_type=Json)


class OrderItem(SQLModel, table=True):
    """A product that was ordered, and how much of it the customer kept."""

    __tablename__ = "order_item"

    order_id: str = Field(
        sa_column=Column(String(255), ForeignKey("order.id", ondelete="CASCADE"), primary_key=True)
    )
    product_id: str = Field(primary_key=True, max_length=255, index=True)
    #: Pieces kept: 0 once all were refunded or taken out of the order.
    quantity: int = 1
    price: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))


class BoughtTogether(SQLModel, table=True):
    """Two products that stood in the same orders more often than chance would have it."""

    __tablename__ = "bought_together"

    product_id: str = Field(primary_key=True, max_length=255)
    complement_id: str = Field(primary_key=True, max_length=255)
    orders_together: int
    orders_of_product: int
    orders_of_complement: int
    #: All orders that were looked at.
    orders: int
    computed_at: datetime = Field(sa_type=UtcDateTime)
