"""The shop's orders: what events told of each, and what the customer kept of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from domain.events import Event
from domain.orders import Line, Listing, OrderStatus, OrderTold, Refund
from store import tables
from store.drivers import Row
from store.queries import Query, moment_in
from store.rows import Addition, Change
from store.sessions import AsyncSession
from store.writes import Writes

_ORDERS: Final = Query("""
    SELECT id, customer_id, CAST(told AS text), updated_at FROM "order"
    WHERE id {in_1} ORDER BY id {locked}
""")
#: The columns that change with what events tell.
_TOLD: Final[Mapping[str, str]] = {
    "status": "text",
    "total": "numeric",
    "currency": "text",
    "completed_at": "timestamptz",
    "told": "jsonb",
    "updated_at": "timestamptz",
}
_NEW_ORDERS: Final = Addition(
    '"order"',
    {**_TOLD, "id": "text", "customer_id": "text"},
    then="ON CONFLICT (id) DO NOTHING",
)
_TOLD_ORDERS: Final = Change('"order"', _TOLD, key="id")
_ITEMS: Final = Addition(
    "order_item",
    {"order_id": "text", "product_id": "text", "quantity": "int", "price": "numeric"},
    then="""
        ON CONFLICT (order_id, product_id)
        DO UPDATE SET quantity = excluded.quantity, price = excluded.price
    """,
)


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


@dataclass(slots=True)
class _Entry:
    """An order on its way into the store."""

    customer_id: str
    told: OrderTold
    updated_at: datetime
    is_new: bool = False
    is_told: bool = False


class Orders:
    """Some orders, locked: read at once, told of in memory, and written at once."""

    def __init__(self, entries: dict[str, _Entry]) -> None:
        self._entries = entries

    @classmethod
    async def of(cls, session: AsyncSession, order_ids: Collection[str]) -> "Orders":
        """These orders, as far as events told of them before."""
        if not order_ids:
            return cls({})
        entries = {
            order_id: _Entry(customer_id, await _told_in(session, order_id, told), moment_in(at))
            for order_id, customer_id, told, at in await _ORDERS.rows(session, order_ids)
        }
        return cls(entries)

    def find(self, order_id: str) -> OrderRecord | None:
        """The order as it is now; None when nobody told of it."""
        entry = self._entries.get(order_id)
        return OrderRecord(order_id, entry.told) if entry else None

    def tell(self, order_id: str, *, customer_id: str, event: Event) -> OrderRecord:
        """Take in what an event tells of an order, also when it is the first we hear of it."""
        at = event.happened_at
        entry = self._entries.get(order_id) or _Entry(customer_id, OrderTold(), at, is_new=True)
        before, entry.told = entry.told, entry.told.after(event)
        entry.updated_at, entry.is_told = max(entry.updated_at, at), True
        self._entries[order_id] = entry
        return OrderRecord(order_id, entry.told, entry.told.is_void and not before.is_void)

    def write(self, writes: Writes) -> None:
        """Write what was told. It is Overtaken when another process told of a new one first."""
        told = {name: entry for name, entry in sorted(self._entries.items()) if entry.is_told}
        new = [(*_row(name, e), e.customer_id) for name, e in told.items() if e.is_new]
        known = [_row(name, entry) for name, entry in told.items() if not entry.is_new]
        writes.add_new(_NEW_ORDERS, new)
        writes.change(_TOLD_ORDERS, known)
        writes.add(_ITEMS, [item for name, entry in told.items() for item in _items(name, entry)])
        for entry in told.values():
            entry.is_new = entry.is_told = False


def _row(order_id: str, entry: _Entry) -> Row:
    told = entry.told
    said = told.status, told.total, told.currency, told.completed_at, told.model_dump_json()
    return (*said, entry.updated_at, order_id)


def _items(order_id: str, entry: _Entry) -> Iterator[Row]:
    for product, line in entry.told.kept.items():
        yield order_id, product, line.quantity, line.price


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


async def _told_in(session: AsyncSession, order_id: str, told: str | None) -> OrderTold:
    if told is not None and told != "null":
        return OrderTold.model_validate_json(told)
    return await _told_of(session, await session.get_one(tables.Order, order_id))


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
