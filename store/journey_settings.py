"""The settings of journeys as the shop tuned them, version by version, and their pauses."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from domain.errors import Invalid, Refused
from domain.rules import Catalogue, JourneyRules
from store import tables
from store.sessions import AsyncSession
from store.upserts import add_missing, put

logger = logging.getLogger(__name__)


async def catalogue_in_force(session: AsyncSession, catalogue: Catalogue) -> Catalogue:
    """The journeys with the settings and pauses that hold now.

    Settings that this version does not understand leave their journey paused with its defaults:
    nobody enters under numbers that nobody chose.
    """
    saved = {row.journey: row for row in await _newest(session)}
    paused = await _paused(session)
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


async def _newest(session: AsyncSession) -> Sequence[tables.JourneySettingsVersion]:
    version = tables.JourneySettingsVersion
    newest = (
        select(col(version.journey), func.max(version.version).label("version"))
        .group_by(col(version.journey))
        .subquery()
    )
    is_newest = (col(version.journey) == newest.c.journey) & (
        col(version.version) == newest.c.version
    )
    return (await session.scalars(select(version).join(newest, is_newest))).all()


async def _paused(session: AsyncSession) -> frozenset[str]:
    found = await session.scalars(
        select(col(tables.JourneyState.journey)).where(
            col(tables.JourneyState.paused_at).is_not(None)
        )
    )
    return frozenset(found)


def _tuned(
    rules: JourneyRules, saved: tables.JourneySettingsVersion | None, *, is_paused: bool
) -> JourneyRules:
    if saved is None:
        return replace(rules, is_paused=is_paused)
    try:
        return rules.tuned(saved.overrides, version=saved.version, is_paused=is_paused)
    except Invalid as error:
        logger.error(  # noqa: TRY400 - the sentence says it all
            "journey.settings_unusable",
            extra={"journey": rules.name, "version": saved.version, "reason": str(error)},
        )
        return replace(rules, is_paused=True)
