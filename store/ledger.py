"""The ledger: what is read before a message may leave, and what is written around it.

A message is claimed (`sending`) in one transaction with the decision to send it, before the
provider is called. On PostgreSQL the customer's row is locked meanwhile, on SQLite everything is:
an event accepted before the claim is seen by it, and one accepted after it comes too late.

Customers are locked before messages, and messages before runs: here, and in the intake.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlmodel import col

from domain.errors import NotFound
from domain.events import CUSTOMER_MERGED, VOIDING, WITHDRAWALS
from domain.ids import message_id
from domain.journeys import OVER
from domain.messages import RANK, MessageKind, MessageStatus, StepRequest
from domain.routing import is_about
from store import tables
from store.customers import locked_survivor
from store.events import events_since
from store.runs import active_run
from store.sessions import AsyncSession
from store.suppressions import address_key
from store.upserts import put

#: What only we know, even when a provider's report overtook its own answer.
_OURS: Final = frozenset({"sent_at", "provider_message_id"})
#: A message in one of these reached nobody, though it may have been tried.
_NEVER_LEFT: Final = (MessageStatus.HELD, MessageStatus.SKIPPED, MessageStatus.FAILED)


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
    """Read and lock what the step depends on; raises NotFound for an unknown run."""
    run = await session.get(tables.Run, request.run_id)
    if run is None:
        raise NotFound(f"No run {request.run_id}: start journeys through the gateway.")
    customer = await locked_survivor(session, run.customer_id)
    if customer is None:
        raise NotFound(f"The customer of run {run.id} is no longer in the database.")
    await session.refresh(run)  # it may have changed while we waited for the lock
    key = message_id(run.id, request.step, request.occurrence)
    state = await session.get(tables.JourneyState, run.journey)
    return StepRecords(
        run=run,
        customer=customer,
        # Locked too: an earlier attempt may be concluding it, and asks for no customer.
        message=await session.get(tables.Message, key, with_for_update={"key_share": True}),
        overtaken_by=await _overtaken_by(session, run, customer, request.ends_on),
        order_is_void=await _is_void(session, run.key),
        suppressed=await _suppressed(session, customer.email),
        is_journey_paused=state is not None and state.paused_at is not None,
    )


async def _overtaken_by(
    session: AsyncSession, run: tables.Run, customer: tables.Customer, ends_on: Collection[str]
) -> str | None:
    if run.customer_id != customer.id:
        return CUSTOMER_MERGED  # a merge moves every run but those that the survivor has too
    if not ends_on:
        return None
    about = active_run(run)
    names = set(ends_on) - set(WITHDRAWALS)
    if run.key and not await _is_void(session, run.key):
        names -= set(VOIDING)  # only a part of the order was refunded
    found = await events_since(session, customer.id, run.entered_at, names=names)
    endings = (e for e in found if not e.is_history and e.id != run.started_by)
    return next((e.name for e in endings if is_about(e, about)), None)


async def _is_void(session: AsyncSession, order_id: str) -> bool:
    if not order_id:
        return False
    order = await session.get(tables.Order, order_id)
    return order is not None and order.status in {"refunded", "cancelled"}


async def _suppressed(session: AsyncSession, email: str | None) -> dict[str, str]:
    if not email:
        return {}
    found = await session.execute(
        select(col(tables.Suppression.scope), col(tables.Suppression.reason)).where(
            col(tables.Suppression.address_hash) == address_key(email),
            col(tables.Suppression.channel) == "email",
        )
    )
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
    row = await session.get_one(tables.Message, message, with_for_update={"key_share": True})
    if row.to_address is None:
        changes.pop("reason", None)  # erased meanwhile: the provider's words may name the person
    if RANK.get(MessageStatus(row.status), 0) <= RANK[MessageStatus.UNKNOWN]:
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
    await session.execute(
        update(tables.Run)
        .where(col(tables.Run.id) == run_id, col(tables.Run.status).not_in(OVER))
        .values(**changes)
    )
