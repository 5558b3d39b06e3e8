"""What is read before a message may leave.

A message is claimed (`sending`) in one transaction with the decision to send it, before the
provider is called. On PostgreSQL the customer's row is locked meanwhile, on SQLite everything is:
an event accepted before the claim is seen by it, and one accepted after it comes too late.

Customers are locked before messages, and messages before runs: here, and in the intake.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlmodel import col

from domain.cart import Cart
from domain.errors import NotFound
from domain.events import CUSTOMER_MERGED, VOIDING, WITHDRAWALS, Event
from domain.ids import message_id
from domain.messages import MessageStatus, StepRequest
from domain.orders import OrderStatus
from domain.products import Product
from domain.routing import is_about
from store import tables
from store.customers import locked_survivor
from store.events import events_since
from store.plain_rows import PlainCustomer, PlainRun
from store.runs import active_run
from store.sessions import AsyncSession
from store.statements import fetch
from store.suppressions import address_key

#: A message in one of these reached nobody, though it may have been tried.
_NEVER_LEFT: Final = (MessageStatus.HELD, MessageStatus.SKIPPED, MessageStatus.FAILED)

_LOCK_CUSTOMER: Final = (
    select(col(tables.Customer.id))
    .join(tables.Run, col(tables.Run.customer_id) == col(tables.Customer.id))
    .where(col(tables.Run.id) == bindparam("run_id"), col(tables.Customer.merged_into).is_(None))
    .with_for_update(of=tables.Customer, key_share=True)
)
_RECORDS: Final = (
    select(
        tables.Run,
        tables.Customer,
        tables.Message,
        col(tables.JourneyState.paused_at),
        col(tables.Order.status),
    )
    .select_from(tables.Run)
    .join(tables.Customer, col(tables.Customer.id) == bindparam("customer_id"))
    .outerjoin(tables.Message, col(tables.Message.id) == bindparam("message_id"))
    .outerjoin(tables.JourneyState, col(tables.JourneyState.journey) == col(tables.Run.journey))
    .outerjoin(tables.Order, col(tables.Order.id) == col(tables.Run.key))
    .where(col(tables.Run.id) == bindparam("run_id"))
    .execution_options(populate_existing=True)
)
_SUPPRESSED: Final = select(col(tables.Suppression.scope), col(tables.Suppression.reason)).where(
    col(tables.Suppression.address_hash) == bindparam("address"),
    col(tables.Suppression.channel) == "email",
)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was read for a group of mails at once, so that none has to ask for it again."""

    #: The customer's cart, if the mail shows it.
    cart: Cart | None = None
    #: Product id → the product, None where there is none.
    products: Mapping[str, Product | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRecords:
    """Everything on record that the fate of a step depends on."""

    run: PlainRun
    customer: PlainCustomer
    #: What was written about this very step before.
    message: tables.Message | None
    #: An ending that was accepted, whether or not the run has heard of it yet.
    overtaken_by: str | None
    order_is_void: bool
    #: Scope (`all`, `marketing`) → why the address is suppressed.
    suppressed: Mapping[str, str]
    is_journey_paused: bool
    foreseen: Foreseen = field(default_factory=Foreseen)


async def records_for(session: AsyncSession, request: StepRequest) -> StepRecords:
    """Lock and read what the step depends on; raises NotFound for an unknown run."""
    customer_id = await _locked_customer_of(session, request.run_id)
    # Read once the lock is there: it may have changed while we waited.
    found = await session.execute(
        _RECORDS,
        {
            "run_id": request.run_id,
            "customer_id": customer_id,
            "message_id": message_id(request.run_id, request.step, request.occurrence),
        },
    )
    row, reader, message, paused_at, order_status = found.one()
    run, customer = PlainRun.of(row), PlainCustomer.of(reader)
    if message is not None:
        # Locked too: an earlier attempt may be concluding it, and asks for no customer.
        await session.refresh(message, with_for_update={"key_share": True})
    order_is_void = is_void(order_status)
    return StepRecords(
        run=run,
        customer=customer,
        message=message,
        overtaken_by=await _overtaken_by(
            session, run, customer, request.ends_on, order_is_void=order_is_void
        ),
        order_is_void=order_is_void,
        suppressed=await _suppressed(session, customer.email),
        is_journey_paused=paused_at is not None,
    )


def is_void(order_status: str | None) -> bool:
    """Whether an order of this status, if there is one, came to nothing."""
    return order_status not in (None, OrderStatus.COMPLETED)


async def _locked_customer_of(session: AsyncSession, run_id: str) -> str:
    """Lock the run's customer, after a merge the one who remains; returns their id."""
    if locked := await fetch(session, _LOCK_CUSTOMER, run_id=run_id):
        return str(locked[0].id)
    run = await session.get(tables.Run, run_id)
    if run is None:
        raise NotFound(f"No run {run_id}: start journeys through the gateway.")
    survivor = await locked_survivor(session, run.customer_id)
    if survivor is None:
        raise NotFound(f"The customer of run {run.id} is no longer in the database.")
    return survivor.id


async def _overtaken_by(
    session: AsyncSession,
    run: PlainRun,
    customer: PlainCustomer,
    ends_on: Collection[str],
    *,
    order_is_void: bool,
) -> str | None:
    if run.customer_id != customer.id:
        return CUSTOMER_MERGED  # a merge moves every run but those that the survivor has too
    names = endings_of(run, ends_on, order_is_void=order_is_void)
    if not names:
        return None
    return first_ending(run, await events_since(session, customer.id, run.entered_at, names=names))


def endings_of(run: PlainRun, ends_on: Collection[str], *, order_is_void: bool) -> set[str]:
    """The events that overtake a step of the run, of those that end its story."""
    names = set(ends_on) - set(WITHDRAWALS)
    # Of an order that is not void only a part was refunded.
    return names if order_is_void or not run.key else names - set(VOIDING)


def first_ending(run: PlainRun, found: Sequence[Event]) -> str | None:
    """The first of these events since the run's entry that is about it."""
    about = active_run(run)
    endings = (e for e in found if not e.is_history and e.id != run.started_by)
    return next((e.name for e in endings if is_about(e, about)), None)


async def _suppressed(session: AsyncSession, email: str | None) -> dict[str, str]:
    if not email:
        return {}
    found = await fetch(session, _SUPPRESSED, address=address_key(email))
    return {row.scope: row.reason for row in found}


async def first_offer_at(
    session: AsyncSession, run_id: str, steps: Collection[str]
) -> datetime | None:
    """When this run first sent one of `steps`: an offer's end is counted from there.

    An attempt that the provider did not take promised nothing to anybody.
    """
    found = await session.scalars(
        select(col(tables.Message.claimed_at))
        .where(col(tables.Message.run_id) == run_id)
        .where(col(tables.Message.step).in_(list(steps)))
        .where(col(tables.Message.claimed_at).is_not(None))
        .where(col(tables.Message.status).not_in(_NEVER_LEFT))
        .order_by(col(tables.Message.claimed_at))
        .limit(1)
    )
    return found.first()


async def asked_at(session: AsyncSession, records: StepRecords, step: str) -> Sequence[datetime]:
    """When this step was sent to the customer's address before, whoever it belonged to."""
    message, customer = tables.Message, tables.Customer
    found = await session.scalars(
        select(col(message.claimed_at))
        .join(customer, col(customer.id) == col(message.customer_id))
        .where(col(customer.email_key) == records.customer.email_key)
        .where(func.lower(col(message.to_address)) == records.customer.email_key)
        .where(col(message.journey) == records.run.journey, col(message.step) == step)
        .where(col(message.id) != (records.message.id if records.message else ""))
        .where(col(message.claimed_at).is_not(None))
        .where(col(message.status).not_in(_NEVER_LEFT))
    )
    return [moment for moment in found if moment]
