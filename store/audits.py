"""The audit trail: who changed what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from store import tables
from store.sessions import AsyncSession


async def audit(
    session: AsyncSession,
    action: str,
    target: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Note that `actor` did `action` to `target`: "run.paused", "run_01j…"."""
    session.add(
        tables.Audit(at=now, actor=actor, action=action, target=target, detail=dict(detail or {}))
    )
    await session.flush()


async def audits_of(
    session: AsyncSession, target: str, *, limit: int = 50
) -> Sequence[tables.Audit]:
    """What was done to `target`, the latest first."""
    found = await session.scalars(
        select(tables.Audit)
        .where(col(tables.Audit.target) == target)
        .order_by(col(tables.Audit.id).desc())
        .limit(limit)
    )
    return found.all()
