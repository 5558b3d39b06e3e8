"""What is read before several messages may leave, in as many statements as for one.

Only of steps that are as most are. The rest (a step that was tried before, a customer who was
merged or whom somebody else is writing of, two steps of one person) is left to `step_records`,
one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from domain.cart import CART_EVENTS, cart_after
from domain.events import Event
from domain.ids import message_id
from domain.messages import StepRequest
from store.past import TOLD_COLUMNS, told_event
from store.plain_rows import PlainCustomer, PlainRun
from store.queries import Query, moment_in, object_in
from store.sessions import AsyncSession, driver_of
from store.showcase import CART_MEMORY, products_by_id
from store.sqlite_driver import on_the_spot
from store.step_records import Foreseen, StepRecords, endings_of, first_ending, is_void
from store.suppressions import address_key

#: Whoever did more than this lately is read of alone, and so are all when it comes to `_IN_ALL`.
_EVENTS: Final = 500
_IN_ALL: Final = 4_000
#: As many columns of `_RECORDS` are the run's; the customer's follow.
_RUN: Final = len(PlainRun._fields)

#: Whom somebody else is busy with is waited for alone: the others need not.
_LOCK_CUSTOMERS: Final = Query(
    """
    SELECT customer.id FROM customer JOIN run ON run.customer_id = customer.id
    WHERE run.id {in_1} AND customer.merged_into IS NULL {customers_locked_if_free}
    """
)
#: Three are asked for by themselves: a plan that joins five tables takes twice as long to make.
_RECORDS: Final = Query(
    """
    SELECT run.id, run.journey, run.key, run.customer_id, run.entered_at,
        CAST(run.settings AS text), CAST(run.about AS text), run.started_by,
        customer.id, customer.external_id, customer.email, customer.email_key,
        customer.first_name, customer.last_name, customer.locale, customer.timezone,
        CAST(customer.consents AS text), CAST(customer.pending AS text), customer.erased_at,
        (SELECT message.id FROM message WHERE message.run_id = run.id AND message.id {in_1}),
        (SELECT paused_at FROM journey_state WHERE journey_state.journey = run.journey),
        (SELECT "order".status FROM "order" WHERE "order".id = run.key)
    FROM run JOIN customer ON customer.id = run.customer_id
    WHERE run.id {in_2} AND customer.merged_into IS NULL
    ORDER BY run.id
    """
)
_SUPPRESSED: Final = Query(
    "SELECT address_hash, scope, reason FROM suppression"
    " WHERE address_hash {in_1} AND channel = 'email'"
)
_HAPPENED: Final = Query(
    f"""
    SELECT {TOLD_COLUMNS} FROM event
    WHERE customer_id {{in_1}} AND name {{in_2}} AND happened_at >= {{moment_3}}
    ORDER BY happened_at, id LIMIT {_IN_ALL}
    """  # noqa: S608 - our own words
)

#: What the mail of a journey and step shows.
Shows = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step as most are: never tried before, of a customer who is who they were."""

    request: StepRequest
    run: PlainRun
    customer: PlainCustomer
    is_journey_paused: bool
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
    if driver_of(session).is_sqlite:
        locked = None  # all of it is
    else:
        locked = {customer for (customer,) in await _LOCK_CUSTOMERS.rows(session, runs)}
    messages = [message_id(r.run_id, r.step, r.occurrence) for r in first.values()]
    steps, people = [], set[str]()
    for row in await _RECORDS.rows(session, messages, runs):
        run, customer, (known, paused_at, order_status) = _run_in(row), _customer_in(row), row[-3:]
        request, names = first[run.id], {customer.id, customer.email_key or customer.id}
        if known or people & names or (locked is not None and customer.id not in locked):
            continue
        people |= names
        steps.append(
            _Step(
                request,
                run,
                customer,
                is_journey_paused=paused_at is not None,
                order_is_void=is_void(order_status),
                shows_cart=shows(run.journey, request.step) == "cart",
            )
        )
    return steps


def _run_in(row: Sequence[Any]) -> PlainRun:
    """The run of a row of `_RECORDS`."""
    *ids, entered_at, settings, about, started_by = row[:_RUN]
    told = moment_in(entered_at), object_in(settings), object_in(about), started_by
    return PlainRun._make((*ids, *told))


def _customer_in(row: Sequence[Any]) -> PlainCustomer:
    """The customer of a row of `_RECORDS`."""
    *plain, consents, pending, erased_at = row[_RUN:-3]
    told = object_in(consents), object_in(pending), moment_in(erased_at)
    return PlainCustomer._make((*plain, *told))


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
    rows = await _HAPPENED.rows(session, found, names, min(moments))
    if len(rows) == _IN_ALL:
        return {}
    for customer, event in map(told_event, rows):
        found[customer].append(event)
    return {name: events for name, events in found.items() if len(events) < _EVENTS}


async def _suppressions(
    session: AsyncSession, emails: Iterable[str | None]
) -> dict[str, dict[str, str]]:
    """Hash of an address → scope → why it is suppressed."""
    found: dict[str, dict[str, str]] = {address_key(email): {} for email in emails if email}
    if found:
        for address, scope, reason in await _SUPPRESSED.rows(session, found):
            found[address][scope] = reason
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
        is_journey_paused=step.is_journey_paused,
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
