"""The shop's orders: what events told of each, and what the customer kept of it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from domain.events import Event
from domain.orders import Line, Listing, OrderStatus, OrderTold, Refund
from store import tables
from store.sessions import AsyncSession
from store.upserts import add_missing, put


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as it is now."""

    id: str
    told: OrderTold
    #: Whether it was kept until the event at hand, which made it void.
    has_just_become_void: bool = False

    @property
    def kept(self) -> list[str]:
        """The products of which the customer kept something."""
        return [product for product, line in self.told.kept.items() if line.quantity]

    @property
    def given_up(self) -> set[str]:
        """The products that were named once, of which the customer kept nothing."""
        return self.told.kept.keys() - set(self.kept)


async def tell_order(
    session: AsyncSession, order_id: str, *, customer_id: str, event: Event
) -> OrderRecord:
    """Keep what an event tells of an order, also when it is the first we hear of it."""
    new = {"id": order_id, "customer_id": customer_id, "updated_at": event.happened_at}
    new |= {"status": OrderStatus.COMPLETED, "told": OrderTold().model_dump(mode="json")}
    await add_missing(session, tables.Order, [new], key=["id"])
    row = await session.get_one(
        tables.Order, order_id, with_for_update={"key_share": True}, populate_existing=True
    )
    before = await _told_of(session, row)
    told = before.after(event)
    row.status, row.total, row.currency = told.status, told.total, told.currency
    row.completed_at, row.told = told.completed_at, told.model_dump(mode="json")
    row.updated_at = max(row.updated_at, event.happened_at)
    items = [
        {"order_id": order_id, "product_id": name, "quantity": line.quantity, "price": line.price}
        for name, line in told.kept.items()
    ]
    key = ["order_id", "product_id"]
    await put(session, tables.OrderItem, items, key=key, change=["quantity", "price"])
    return OrderRecord(order_id, told, told.is_void and not before.is_void)


async def find_order(session: AsyncSession, order_id: str) -> OrderRecord | None:
    """The order with this id, as far as events told of it."""
    row = await session.get(tables.Order, order_id)
    return OrderRecord(order_id, await _told_of(session, row)) if row else None


async def owned_by(session: AsyncSession, customer_id: str) -> set[str]:
    """The products that the customer ever ordered and kept."""
    order, item = tables.Order, tables.OrderItem
    found = await session.scalars(
        select(col(item.product_id))
        .join(order, col(order.id) == col(item.order_id))
        .where(col(order.customer_id) == customer_id)
        .where(col(order.status) == OrderStatus.COMPLETED, col(item.quantity) > 0)
    )
    return set(found)


async def _told_of(session: AsyncSession, row: tables.Order) -> OrderTold:
    """What was told of an order; of one kept by an earlier version, what its rows say."""
    if row.told is not None:
        return OrderTold.model_validate(row.told)
    found = await session.scalars(
        select(tables.OrderItem).where(col(tables.OrderItem.order_id) == row.id)
    )
    lines = {i.product_id: Line(quantity=i.quantity, price=i.price) for i in found}
    listing = Listing(
        place=(row.updated_at, 0, ""), lines=lines, total=row.total, currency=row.currency
    )
    return OrderTold(
        listed=listing if lines else None,
        totalled=listing if row.total is not None else None,
        completed_at=row.completed_at,
        named=set(lines),
        refunds=[Refund()] if row.status == OrderStatus.REFUNDED else [],
        is_cancelled=row.status == OrderStatus.CANCELLED,
    )
