"""Queries on runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, case, func, select
from sqlmodel import col

from domain.events import Facts
from domain.journeys import OVER, RunStatus
from domain.routing import ActiveRun
from store import drivers, rows, tables
from store.customers import same_person
from store.plain_rows import PlainRun
from store.queries import json_of
from store.sessions import AsyncSession
from store.writes import Writes

_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("id", "journey", "key", "customer_id", "workflow_id"), "text"),
    **dict.fromkeys(("entered_at", "created_at"), "timestamptz"),
    **dict.fromkeys(("settings", "about"), "jsonb"),
    "settings_version": "int",
    **dict.fromkeys(("started_by", "idempotency_key", "request_hash", "status"), "text"),
}
_RUNS: Final = rows.Addition("run", _TYPES)


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run as it begins; its columns are those of `tables.Run`."""

    id: str
    journey: str
    key: str
    customer_id: str
    workflow_id: str
    entered_at: datetime
    created_at: datetime
    settings: dict[str, Any]
    settings_version: int
    about: dict[str, Any]
    started_by: str
    idempotency_key: str | None = None
    request_hash: str | None = None
    status: RunStatus = RunStatus.WAITING


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, and the id of its customer: the shop's, of a visitor ours (None once erased)."""

    run: tables.Run
    shop_id: str | None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; what is None does not matter."""

    journey: str | None = None
    #: Our own id of the customer; those merged into them count as well.
    customer_id: str | None = None
    status: RunStatus | None = None


def add_runs(writes: Writes, runs: Sequence[NewRun]) -> None:
    """Write down runs that begin."""
    writes.add(_RUNS, [_row(run) for run in runs])


def _row(run: NewRun) -> drivers.Row:
    told = (getattr(run, name) for name in _TYPES)
    return tuple(json_of(value) if isinstance(value, dict) else value for value in told)


async def list_runs(
    session: AsyncSession, wanted: RunFilter, *, after: str | None, limit: int
) -> list[RunRecord]:
    """Runs, the latest first; `after` is the id of the last one already seen."""
    query = _runs()
    if wanted.journey is not None:
        query = query.where(col(tables.Run.journey) == wanted.journey)
    if wanted.customer_id is not None:
        person = select(same_person(wanted.customer_id).c.id)
        query = query.where(col(tables.Run.customer_id).in_(person))
    if wanted.status is not None:
        query = query.where(col(tables.Run.status) == wanted.status)
    if after is not None:
        query = query.where(col(tables.Run.id) < after)
    found = await session.execute(query.order_by(col(tables.Run.id).desc()).limit(limit))
    return [RunRecord(run, shop_id) for run, shop_id in found]


async def find_run(session: AsyncSession, run_id: str) -> RunRecord | None:
    """The run with this id."""
    found = await session.execute(_runs().where(col(tables.Run.id) == run_id))
    row = found.one_or_none()
    return RunRecord(row[0], row[1]) if row else None


async def messages_of(
    session: AsyncSession, run_ids: Collection[str]
) -> dict[str, list[tables.Message]]:
    """What each run sent, or why it did not, in order of time."""
    found = await session.scalars(
        select(tables.Message)
        .where(col(tables.Message.run_id).in_(list(run_ids)))
        .order_by(col(tables.Message.created_at), col(tables.Message.id))
    )
    messages: dict[str, list[tables.Message]] = {run_id: [] for run_id in run_ids}
    for message in found:
        messages[message.run_id].append(message)
    return messages


async def active_workflows(session: AsyncSession, workflow_ids: Collection[str]) -> dict[str, str]:
    """The run of each of these workflows, as far as it counts as active."""
    found = await session.execute(
        select(col(tables.Run.workflow_id), col(tables.Run.id))
        .where(col(tables.Run.workflow_id).in_(list(workflow_ids)))
        .where(col(tables.Run.status).not_in(OVER))
    )
    return {row.workflow_id: row.id for row in found}


def _runs() -> Select[tables.Run, str | None]:
    customer = tables.Customer
    known_as = func.coalesce(col(customer.external_id), col(customer.id))
    shown = case((col(customer.erased_at).is_(None), known_as), else_=None)
    return select(tables.Run, shown).join(
        tables.Customer, col(tables.Customer.id) == col(tables.Run.customer_id)
    )


async def run_of_request(session: AsyncSession, idempotency_key: str) -> tables.Run | None:
    """The run that a direct start with this key made, if there was one."""
    found = await session.scalars(
        select(tables.Run).where(col(tables.Run.idempotency_key) == idempotency_key)
    )
    return found.one_or_none()


def active_run(run: tables.Run | PlainRun | Row[Any]) -> ActiveRun:
    """The run as routing looks at it."""
    return ActiveRun(
        run.id,
        run.journey,
        run.key,
        run.entered_at,
        about=Facts.model_validate(run.about),
        started_by=run.started_by,
    )
