"""Keys to the gateway."""

import re

from sqlalchemy import select, update

from store import tables
from store.keys import create_key, find_key
from store.sessions import Database
from tests.fakes.rows import NOON


async def new_key(database: Database) -> str:
    async with database.writing() as session:
        return await create_key(session, name="shop", scopes=["read", "ingest"], now=NOON)


class TestAKey:
    async def test_looks_like_one_of_ours(self, database: Database) -> None:
        assert re.fullmatch(r"dm_[A-Za-z0-9_-]{43}", await new_key(database))

    async def test_is_found_with_its_name_and_scopes(self, database: Database) -> None:
        key = await new_key(database)

        async with database.reading() as session:
            found = await find_key(session, key)

        assert found is not None
        assert (found.name, found.scopes) == ("shop", ["ingest", "read"])

    async def test_cannot_be_read_from_the_database(self, database: Database) -> None:
        key = await new_key(database)

        async with database.reading() as session:
            row = (await session.scalars(select(tables.ApiKey))).one()

        assert key not in row.model_dump_json()
        assert row.hint == key[:8]

    async def test_does_not_open_anything_once_revoked(self, database: Database) -> None:
        key = await new_key(database)
        async with database.writing() as session:
            await session.execute(update(tables.ApiKey).values(revoked_at=NOON))

        async with database.reading() as session:
            assert await find_key(session, key) is None

    async def test_that_is_none_opens_nothing(self, database: Database) -> None:
        await new_key(database)

        async with database.reading() as session:
            assert await find_key(session, "dm_guessed") is None
