"""Plans by which PostgreSQL looks up what new rows refer to."""

import pytest
from sqlalchemy import text

from store.people import name_customers
from store.sessions import AsyncSession, Database
from store.writes import Writes
from tests.fakes.rows import ada, keep

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])

NAMES = [("user", str(number)) for number in range(100)]


@pytest.fixture
def writes() -> Writes:
    """A hundred names of Ada's, each of which refers to her."""
    writes = Writes()
    name_customers(writes, dict.fromkeys(NAMES, "cus_ada"), unowned=NAMES)
    return writes


async def planning(session: AsyncSession) -> tuple[object, object]:
    """How the server plans in this session now."""
    mode = await session.scalar(text("SHOW plan_cache_mode"))
    return mode, await session.scalar(text("SHOW enable_seqscan"))


async def scans_of_customers(database: Database) -> int:
    """How often the table was read as a whole."""
    async with database.writing() as session:
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    query = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'customer'"
    async with database.reading() as session:
        return int((await session.execute(text(query))).scalar_one())


class TestPlans:
    async def test_are_made_as_before_after_something_was_written(
        self, database: Database, writes: Writes
    ) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            before = await planning(session)
            await writes.write(session)
            after = await planning(session)

        assert before == after == ("force_custom_plan", "on")

    async def test_are_kept_after_the_last_that_is_written_until_the_transaction_ends(
        self, database: Database, writes: Writes
    ) -> None:
        await keep(database, ada())

        async with database.writing() as session:
            await writes.write_last(session)
            then = await planning(session)
        async with database.writing() as session:
            after = await planning(session)

        assert (then, after) == (("auto", "off"), ("force_custom_plan", "on"))

    async def test_look_references_up_by_key_though_the_table_was_small(
        self, database: Database, writes: Writes
    ) -> None:
        await keep(database, ada())
        async with database.writing() as session:
            await session.execute(text("ANALYZE customer"))
        before = await scans_of_customers(database)

        async with database.writing() as session:
            await writes.write(session)

        assert await scans_of_customers(database) == before
