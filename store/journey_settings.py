"""The settings of journeys as the shop tuned them, version by version, and their pauses."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from domain.errors import Invalid, Refused
from domain.rules import Catalogue, JourneyRules
from store import tables
from store.queries import Query, object_in
from store.sessions import AsyncSession
from store.upserts import add_missing, put

logger = logging.getLogger(__name__)


#: The newest settings of each journey; of each one that is paused, its name alone.
_IN_FORCE: Final = Query("""
    SELECT journey, version, CAST(overrides AS text) FROM journey_settings AS saved
    WHERE version = (SELECT max(version) FROM journey_settings WHERE journey = saved.journey)
    UNION ALL
    SELECT journey, NULL, NULL FROM journey_state WHERE paused_at IS NOT NULL
""")


async def catalogue_in_force(session: AsyncSession, catalogue: Catalogue) -> Catalogue:
    """The journeys with the settings and pauses that hold now.

    Settings that this version does not understand leave their journey paused with its defaults:
    nobody enters under numbers that nobody chose.
    """
    saved: dict[str, tuple[int, Mapping[str, Any]]] = {}
    paused: set[str] = set()
    for journey, version, overrides in await _IN_FORCE.rows(session):
        if version is None:
            paused.add(journey)
        else:
            saved[journey] = version, object_in(overrides)
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


def _tuned(
    rules: JourneyRules, saved: tuple[int, Mapping[str, Any]] | None, *, is_paused: bool
) -> JourneyRules:
    if saved is None:
        return replace(rules, is_paused=True) if is_paused else rules
    version, overrides = saved
    try:
        return rules.tuned(overrides, version=version, is_paused=is_paused)
    except Invalid as error:
        logger.error(  # noqa: TRY400 - the sentence says it all
            "journey.settings_unusable",
            extra={"journey": rules.name, "version": version, "reason": str(error)},
        )
        return replace(rules, is_paused=True)
