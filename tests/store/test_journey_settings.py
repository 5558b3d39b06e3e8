"""The settings of journeys as the shop tuned them."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.entry import Entry
from domain.errors import Refused
from domain.events import ORDER_COMPLETED, PRODUCT_ADDED
from domain.journeys import JourneySettings
from domain.rules import JourneyRules
from store import tables
from store.journey_settings import (
    catalogue_in_force,
    newest_settings,
    save_settings,
    set_paused,
    settings_versions,
)
from store.sessions import Database
from tests.fakes.rows import NOON


class Patience(JourneySettings):
    mails: int = 3
    wait: timedelta = timedelta(hours=1)


CATALOGUE = {
    "nudge": JourneyRules(
        name="nudge",
        title="Nudge.",
        entry=Entry(on=(PRODUCT_ADDED,)),
        goal=ORDER_COMPLETED,
        listens=frozenset(),
        ends_on=frozenset(),
        settings_type=Patience,
        settings=Patience(),
    )
}


async def save(
    database: Database, overrides: dict[str, object], expected: int | None = None
) -> int:
    async with database.writing() as session:
        return await save_settings(
            session, "nudge", overrides, author="ada", now=NOON, expected=expected
        )


async def in_force(database: Database) -> JourneyRules:
    async with database.reading() as session:
        return (await catalogue_in_force(session, CATALOGUE))["nudge"]


class TestSettings:
    async def test_are_the_defaults_at_first(self, database: Database) -> None:
        rules = await in_force(database)

        assert (rules.settings, rules.settings_version) == (Patience(), 0)

    async def test_hold_as_last_saved(self, database: Database) -> None:
        await save(database, {"mails": 1})
        await save(database, {"mails": 2})

        rules = await in_force(database)

        assert (rules.settings, rules.settings_version) == (Patience(mails=2), 2)

    async def test_are_kept_version_by_version(self, database: Database) -> None:
        await save(database, {"mails": 1})
        await save(database, {"mails": 2})

        async with database.reading() as session:
            versions = await settings_versions(session, "nudge")

        assert [(v.version, v.overrides) for v in versions] == [
            (2, {"mails": 2}),
            (1, {"mails": 1}),
        ]

    async def test_are_refused_when_they_changed_meanwhile(self, database: Database) -> None:
        await save(database, {"mails": 1}, expected=0)

        with pytest.raises(Refused, match="changed meanwhile; read them again"):
            await save(database, {"mails": 2}, expected=0)

    async def test_saved_by_two_at_once_are_saved_once(self, database: Database) -> None:
        saves = [save(database, {"mails": number}, expected=0) for number in range(2)]

        answers = await asyncio.gather(*saves, return_exceptions=True)

        assert sorted(str(type(answer).__name__) for answer in answers) == ["Refused", "int"]

    async def test_that_nobody_understands_any_more_pause_their_journey(
        self, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        await save(database, {"a setting of last year": 1})

        with caplog.at_level(logging.ERROR):
            rules = await in_force(database)

        assert (rules.settings, rules.is_paused) == (Patience(), True)
        assert caplog.messages == ["journey.settings_unusable"]

    async def test_of_a_journey_that_was_never_tuned_are_none(self, database: Database) -> None:
        async with database.reading() as session:
            assert await newest_settings(session, "nudge") is None


class TestAPause:
    async def test_lasts_until_the_journey_is_resumed(self, database: Database) -> None:
        seen = []
        for paused_at in (NOON, None):
            async with database.writing() as session:
                await set_paused(session, "nudge", paused_at)
            seen.append((await in_force(database)).is_paused)

        assert seen == [True, False]

    async def test_begun_twice_is_one_pause(self, database: Database) -> None:
        for _ in range(2):
            async with database.writing() as session:
                await set_paused(session, "nudge", NOON)

        async with database.reading() as session:
            rows = (await session.scalars(select(tables.JourneyState))).all()
        assert [row.journey for row in rows] == ["nudge"]
