"""The ledger: what is read before a message may leave, and what is written around it.

A message is claimed (`sending`) in one transaction with the decision to send it, before the
provider is called. On PostgreSQL the customer's row is locked meanwhile, on SQLite everything is:
an event accepted before the claim is seen by it, and one accepted after it comes too late.

Customers are locked before messages, and messages before runs: here, and in the intake.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Update, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import col

from domain.errors import NotFound
from domain.events import CUSTOMER_MERGED, VOIDING, WITHDRAWALS
from domain.ids import message_id
from domain.journeys import OVER
from domain.messages import RANK, MessageKind, MessageStatus, StepRequest
from domain.orders import OrderStatus
from domain.routing import is_about
from store import tables
from store.customers import locked_survivor
from store.events import events_since
from store.runs import active_run
from store.sessions import AsyncSession
from store.statements import fetch, write
from store.suppressions import address_key
from store.upserts import put, table_of

#: What only we know, even when a provider's report overtook its own answer.
_OURS: Final = frozenset({"sent_at", "provider_message_id"})
#: A message in one of these reached nobody, though it may have been tried.
_NEVER_LEFT: Final = (MessageStatus.HELD, MessageStatus.SKIPPED, MessageStatus.FAILED)
#: Of a message in one of these no provider has reported anything yet.
_UNREPORTED: Final = tuple(
    status for status in MessageStatus if RANK.get(status, 0) <= RANK[MessageStatus.UNKNOWN]
)

_RUN: Final = table_of(tables.Run)
_MESSAGE: Final = table_of(tables.Message)
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
class StepRecords:
    """Everything on record that the fate of a step depends on."""

    run: tables.Run
    customer: tables.Customer
    #: What was written about this very step before.
    message: tables.Message | None
    #: An ending that was accepted, whether or not the run has heard of it yet.
    overtaken_by: str | None
    order_is_void: bool
    #: Scope (`all`, `marketing`) → why the address is suppressed.
    suppressed: Mapping[str, str]
    is_journey_paused: bool


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
    run, customer, message, paused_at, order_status = found.one()
    if message is not None:
        # Locked too: an earlier attempt may be concluding it, and asks for no customer.
        await session.refresh(message, with_for_update={"key_share": True})
    order_is_void = order_status not in (None, OrderStatus.COMPLETED)
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
    run: tables.Run,
    customer: tables.Customer,
    ends_on: Collection[str],
    *,
    order_is_void: bool,
) -> str | None:
    if run.customer_id != customer.id:
        return CUSTOMER_MERGED  # a merge moves every run but those that the survivor has too
    names = set(ends_on) - set(WITHDRAWALS)
    if run.key and not order_is_void:
        names -= set(VOIDING)  # only a part of the order was refunded
    if not names:
        return None
    about = active_run(run)
    found = await events_since(session, customer.id, run.entered_at, names=names)
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


async def note(
    session: AsyncSession,
    records: StepRecords,
    request: StepRequest,
    *,
    kind: MessageKind,
    now: datetime,
    **changes: Any,
) -> str:
    """Write what is known of the step's message now; returns the message's id."""
    run, known = records.run, records.message
    row = {
        "id": message_id(run.id, request.step, request.occurrence),
        "run_id": run.id,
        "customer_id": records.customer.id,
        "journey": run.journey,
        "step": request.step,
        "occurrence": request.occurrence,
        "channel": "email",
        "kind": kind,
        "attempts": known.attempts if known else 0,
        "shown": [],
        "held_until": None,
        "created_at": now,
        **changes,
    }
    fixed = {"id", "run_id", "journey", "step", "occurrence", "channel", "created_at"}
    await put(session, tables.Message, [row], key=["id"], change=sorted(row.keys() - fixed))
    return str(row["id"])


async def keep_content(
    session: AsyncSession, message: str, *, html: str, text: str, headers: Mapping[str, str]
) -> None:
    """Keep the mail as it leaves."""
    row = {"message_id": message, "html": html, "text": text, "headers": dict(headers)}
    change = ["html", "text", "headers"]
    await put(session, tables.MessageContent, [row], key=["message_id"], change=change)


async def conclude(
    session: AsyncSession, message: str, status: MessageStatus, **changes: Any
) -> MessageStatus:
    """Record what became of a claimed message; a provider's later report is never overwritten."""
    news = {"status": status, **changes}
    concluding = _concluding(tuple(news))
    if await fetch(session, concluding, message_id=message, **_as_news(news)):
        return status
    return await _conclude_late(session, message, status, changes)


@cache
def _concluding(changed: tuple[str, ...]) -> ReturningUpdate[str]:
    """The statement of `conclude`, where nothing else is known yet of the message."""
    return (
        update(_MESSAGE)
        .where(_MESSAGE.c.id == bindparam("message_id"), _MESSAGE.c.status.in_(_UNREPORTED))
        .where(_MESSAGE.c.to_address.is_not(None))
        .values({name: bindparam(f"new_{name}") for name in changed})
        .returning(_MESSAGE.c.id)
    )


def _as_news(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a statement that changes columns: their own names stand for the old ones."""
    return {f"new_{name}": value for name, value in changes.items()}


async def _conclude_late(
    session: AsyncSession, message: str, status: MessageStatus, changes: dict[str, Any]
) -> MessageStatus:
    """As `conclude`, where meanwhile the provider reported or the person was erased."""
    row = await session.get_one(tables.Message, message, with_for_update={"key_share": True})
    if row.to_address is None:
        changes.pop("reason", None)  # erased: the provider's words may name the person
    if row.status in _UNREPORTED:
        row.status = status
    else:
        changes = {name: changes[name] for name in _OURS & changes.keys() if not _has(row, name)}
    for name, value in changes.items():
        setattr(row, name, value)
    session.add(row)
    return MessageStatus(row.status)


def _has(row: tables.Message, name: str) -> bool:
    return getattr(row, name) is not None


async def mark_run(session: AsyncSession, run_id: str, **changes: Any) -> None:
    """Bring a run's row up to date; a run that is over stays as it ended."""
    await write(session, _marking(tuple(changes)), [{"run_id": run_id, **_as_news(changes)}])


@cache
def _marking(changed: tuple[str, ...]) -> Update:
    """The statement of `mark_run`."""
    return (
        update(_RUN)
        .where(_RUN.c.id == bindparam("run_id"), _RUN.c.status.not_in(OVER))
        .values({name: bindparam(f"new_{name}") for name in changed})
    )
