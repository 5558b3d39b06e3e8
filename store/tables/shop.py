"""The shop's catalogue and orders."""

from datetime import datetime
from decimal import Decimal

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
    currency: str | None = Field(default=None, max_length=3)
    image_url: str | None = Field(default=None, max_length=2_000)
    url: str | None = Field(default=None, max_length=2_000)
    kind: str | None = Field(default=None, max_length=20)
    stock: int | None = None
    complements: list[str] = Field(default_factory=list, sa_type=Json)
    #: True once the shop itself described it; until then it is known from events only.
    is_described: bool = False
    updated_at: datetime = Field(sa_type=UtcDateTime)


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


class OrderItem(SQLModel, table=True):
    """A product in an order."""

    __tablename__ = "order_item"

    order_id: str = Field(
        sa_column=Column(String(255), ForeignKey("order.id", ondelete="CASCADE"), primary_key=True)
    )
    product_id: str = Field(primary_key=True, max_length=255, index=True)
    quantity: int = 1
    price: Decimal | None = Field(default=None, sa_type=Numeric(14, 4))
