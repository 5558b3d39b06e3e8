"""The settings of journeys as the shop tuned them, version by version, and their pauses."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, func, select
from sqlmodel import col

from domain.errors import Invalid, Refused
from domain.rules import Catalogue, JourneyRules
from store import tables
from store.sessions import AsyncSession
from store.statements import fetch
from store.upserts import add_missing, put, table_of

logger = logging.getLogger(__name__)


async def catalogue_in_force(session: AsyncSession, catalogue: Catalogue) -> Catalogue:
    """The journeys with the settings and pauses that hold now.

    Settings that this version does not understand leave their journey paused with its defaults:
    nobody enters under numbers that nobody chose.
    """
    saved = {row.journey: row for row in await fetch(session, _NEWEST)}
    paused = {journey for (journey,) in await fetch(session, _PAUSED)}
    return {
        name: _tuned(rules, saved.get(name), is_paused=name in paused)
        for name, rules in catalogue.items()
    }


async def newest_settings(
    session: AsyncSession, journey: str
) -> tables.JourneySettingsVersion | None:
    """The overrides in force; None while the journey runs on its defaults."""
    return next(iter(await settings_versions(session, journey, limit=1)), None)


async def settings_versions(
    session: AsyncSession, journey: str, *, limit: int = 20
) -> Sequence[tables.JourneySettingsVersion]:
    """What was ever set for a journey, the newest first."""
    version = tables.JourneySettingsVersion
    found = await session.scalars(
        select(version)
        .where(col(version.journey) == journey)
        .order_by(col(version.version).desc())
        .limit(limit)
    )
    return found.all()


async def save_settings(
    session: AsyncSession,
    journey: str,
    overrides: Mapping[str, Any],
    *,
    author: str,
    now: datetime,
    expected: int | None = None,
) -> int:
    """Put new overrides in force and return their version.

    Raises Refused when `expected` is not the version in force, or when somebody else saves at
    the same moment.
    """
    newest = await newest_settings(session, journey)
    current = newest.version if newest else 0
    row = {
        "journey": journey,
        "version": current + 1,
        "overrides": dict(overrides),
        "author": author,
        "at": now,
    }
    is_expected = expected is None or expected == current
    key = ["journey", "version"]
    if is_expected and await add_missing(session, tables.JourneySettingsVersion, [row], key=key):
        return current + 1
    raise Refused(
        "settings-changed",
        f"The settings of {journey} were changed meanwhile; read them again and repeat the change.",
    )


async def set_paused(session: AsyncSession, journey: str, paused_at: datetime | None) -> None:
    """Pause a journey from `paused_at` on, or resume it with None."""
    row = {"journey": journey, "paused_at": paused_at}
    await put(session, tables.JourneyState, [row], key=["journey"], change=["paused_at"])


def _newest() -> Select[Any]:
    version = table_of(tables.JourneySettingsVersion)
    newest = (
        select(version.c.journey, func.max(version.c.version).label("version"))
        .group_by(version.c.journey)
        .subquery()
    )
    is_newest = (version.c.journey == newest.c.journey) & (version.c.version == newest.c.version)
    return select(version.c.journey, version.c.version, version.c.overrides).join(newest, is_newest)


def _paused() -> Select[Any]:
    state = table_of(tables.JourneyState)
    return select(state.c.journey).where(state.c.paused_at.is_not(None))


_NEWEST: Final = _newest()
_PAUSED: Final = _paused()


def _tuned(rules: JourneyRules, saved: Row[Any] | None, *, is_paused: bool) -> JourneyRules:
    if saved is None:
        return replace(rules, is_paused=True) if is_paused else rules
    try:
        return rules.tuned(saved.overrides, version=saved.version, is_paused=is_paused)
    except Invalid as error:
        logger.error(  # noqa: TRY400 - the sentence says it all
            "journey.settings_unusable",
            extra={"journey": rules.name, "version": saved.version, "reason": str(error)},
        )
        return replace(rules, is_paused=True)
