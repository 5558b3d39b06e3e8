"""What is read before several messages may leave, in as many statements as for one.

Only of steps that are as most are. The rest (a step that was tried before, a customer who was
merged or whom somebody else is writing of, two steps of one person) is left to `step_records`,
one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlmodel import col

from domain.cart import CART_EVENTS, cart_after
from domain.events import Event
from domain.ids import message_id
from domain.messages import StepRequest
from store import tables
from store.events import EVENT_COLUMNS, read_event
from store.sessions import AsyncSession
from store.showcase import CART_MEMORY, products_by_id
from store.sqlite_driver import on_the_spot
from store.statements import any_of, fetch
from store.step_records import Foreseen, StepRecords, endings_of, first_ending, is_void
from store.suppressions import address_key

#: Whoever did more than this lately is read of alone, and so are all when it comes to `_IN_ALL`.
_EVENTS: Final = 500
_IN_ALL: Final = 4_000

_LOCK_CUSTOMERS: Final = (
    select(col(tables.Customer.id))
    .join(tables.Run, col(tables.Run.customer_id) == col(tables.Customer.id))
    .where(col(tables.Run.id).in_(any_of("runs")), col(tables.Customer.merged_into).is_(None))
    .order_by(col(tables.Customer.id))
    # Whom somebody else is busy with is waited for alone: the others need not.
    .with_for_update(of=tables.Customer, key_share=True, skip_locked=True)
)
_RECORDS: Final = (
    select(
        tables.Run,
        tables.Customer,
        col(tables.Message.id),
        col(tables.JourneyState.paused_at),
        col(tables.Order.status),
    )
    .select_from(tables.Run)
    .join(tables.Customer, col(tables.Customer.id) == col(tables.Run.customer_id))
    .outerjoin(
        tables.Message,
        (col(tables.Message.run_id) == col(tables.Run.id))
        & col(tables.Message.id).in_(any_of("messages")),
    )
    .outerjoin(tables.JourneyState, col(tables.JourneyState.journey) == col(tables.Run.journey))
    .outerjoin(tables.Order, col(tables.Order.id) == col(tables.Run.key))
    .where(col(tables.Run.id).in_(any_of("runs")), col(tables.Customer.merged_into).is_(None))
    .order_by(col(tables.Run.id))
)
_SUPPRESSED: Final = select(
    col(tables.Suppression.address_hash),
    col(tables.Suppression.scope),
    col(tables.Suppression.reason),
).where(
    col(tables.Suppression.address_hash).in_(any_of("addresses")),
    col(tables.Suppression.channel) == "email",
)

_HAPPENED: Final = (
    select(col(tables.Event.customer_id), *EVENT_COLUMNS)
    .where(
        col(tables.Event.customer_id).in_(any_of("customers")),
        col(tables.Event.happened_at) >= bindparam("since"),
        col(tables.Event.name).in_(any_of("names")),
    )
    .order_by(col(tables.Event.happened_at), col(tables.Event.id))
    .limit(_IN_ALL)
)

#: What the mail of a journey and step shows.
Shows = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step as most are: never tried before, of a customer who is who they were."""

    request: StepRequest
    run: tables.Run
    customer: tables.Customer
    paused_at: datetime | None
    order_is_void: bool
    shows_cart: bool

    @property
    def endings(self) -> set[str]:
        """The events that overtake it."""
        return endings_of(self.run, self.request.ends_on, order_is_void=self.order_is_void)


async def records_together(
    session: AsyncSession, requests: Sequence[StepRequest], *, shows: Shows, now: datetime
) -> list[StepRecords | None]:
    """Lock and read what these steps depend on; None for each that has to be read of alone."""
    with on_the_spot():
        return await _records_together(session, requests, shows, now)


async def _records_together(
    session: AsyncSession, requests: Sequence[StepRequest], shows: Shows, now: datetime
) -> list[StepRecords | None]:
    steps = await _plain(session, requests, shows)
    cart_since = now - CART_MEMORY
    events = await _events(session, steps, cart_since=cart_since)
    suppressed = await _suppressions(session, [step.customer.email for step in steps])
    found = {
        id(step.request): _records(step, events[step.customer.id], suppressed, cart_since)
        for step in steps
        if step.customer.id in events
    }
    stocked = await _with_products(session, found)
    return [stocked.get(id(request)) for request in requests]


async def _plain(
    session: AsyncSession, requests: Sequence[StepRequest], shows: Shows
) -> list[_Step]:
    """The steps that are as most are, the first of each person."""
    first: dict[str, StepRequest] = {}
    for request in requests:
        first.setdefault(request.run_id, request)
    runs = list(first)
    if session.get_bind().dialect.name == "sqlite":
        locked = None  # all of it is
    else:
        locked = {row.id for row in await fetch(session, _LOCK_CUSTOMERS, runs=runs)}
    messages = [message_id(r.run_id, r.step, r.occurrence) for r in first.values()]
    rows = await session.execute(_RECORDS, {"runs": runs, "messages": messages})
    steps, people = [], set[str]()
    for run, customer, known, paused_at, order_status in rows:
        request, names = first[run.id], {customer.id, customer.email_key or customer.id}
        if known or people & names or (locked is not None and customer.id not in locked):
            continue
        people |= names
        steps.append(
            _Step(
                request,
                run,
                customer,
                paused_at,
                is_void(order_status),
                shows(run.journey, request.step) == "cart",
            )
        )
    return steps


async def _events(
    session: AsyncSession, steps: Sequence[_Step], *, cart_since: datetime
) -> dict[str, list[Event]]:
    """What each of the customers did of all that matters; who did too much is missing."""
    found: dict[str, list[Event]] = {step.customer.id: [] for step in steps}
    names = set[str]().union(*(step.endings for step in steps))
    moments = [step.run.entered_at for step in steps]
    if any(step.shows_cart for step in steps):
        names, moments = names.union(CART_EVENTS), [*moments, cart_since]
    if not names:
        return found
    rows = await fetch(
        session, _HAPPENED, customers=list(found), since=min(moments), names=list(names)
    )
    if len(rows) == _IN_ALL:
        return {}
    for row in rows:
        found[row.customer_id].append(read_event(row))
    return {name: events for name, events in found.items() if len(events) < _EVENTS}


async def _suppressions(
    session: AsyncSession, emails: Iterable[str | None]
) -> dict[str, dict[str, str]]:
    """Hash of an address → scope → why it is suppressed."""
    found: dict[str, dict[str, str]] = {address_key(email): {} for email in emails if email}
    if found:
        for row in await fetch(session, _SUPPRESSED, addresses=list(found)):
            found[row.address_hash][row.scope] = row.reason
    return found


def _records(
    step: _Step,
    events: Sequence[Event],
    suppressed: Mapping[str, Mapping[str, str]],
    cart_since: datetime,
) -> StepRecords:
    since, endings = step.run.entered_at, step.endings
    later = [e for e in events if e.name in endings and e.happened_at >= since]
    cart = [e for e in events if e.name in CART_EVENTS and e.happened_at >= cart_since]
    return StepRecords(
        run=step.run,
        customer=step.customer,
        message=None,
        overtaken_by=first_ending(step.run, later),
        order_is_void=step.order_is_void,
        suppressed=suppressed[address_key(email)] if (email := step.customer.email) else {},
        is_journey_paused=step.paused_at is not None,
        foreseen=Foreseen(cart_after(cart) if step.shows_cart else None),
    )


async def _with_products(
    session: AsyncSession, found: Mapping[int, StepRecords]
) -> dict[int, StepRecords]:
    """The same with the products of all carts."""
    carts = [records.foreseen.cart for records in found.values()]
    ids = {product: None for cart in carts if cart for product in cart.items}
    known = {product.id: product for product in await products_by_id(session, list(ids))}
    products = {product: known.get(product) for product in ids}
    return {
        request: replace(records, foreseen=Foreseen(records.foreseen.cart, products))
        for request, records in found.items()
    }
