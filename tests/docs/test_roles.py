"""The roles of docs/how-to/postgresql.md, made by its statements on a server of their own."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from store.migrations.run import migrate
from store.sessions import Database
from tests.docs.pages import ROOT, blocks
from tests.fakes.rows import ada, keep
from tests.postgresql import Cluster, NoPostgresql

LIMITS, GRANTS = (block.code for block in blocks(ROOT / "docs" / "how-to" / "postgresql.md", "run"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    """A migrated database, after the page's statements."""
    try:
        cluster = Cluster.create()
    except NoPostgresql as missing:
        pytest.skip(str(missing))
    cluster.start()
    url = cluster.url.render_as_string(hide_password=False)
    await migrate(url)
    owner = await asyncpg.connect(url)
    await owner.execute(f"CREATE ROLE dormouse_run LOGIN; {GRANTS}; {LIMITS}")
    await owner.close()
    yield url
    cluster.remove()


class TestTheRoleOfGatewaysAndWorkers:
    async def test_reads_and_writes_but_changes_no_table(self, url: str) -> None:
        as_runner = url.replace("dormouse@", "dormouse_run@")
        database = Database.open(as_runner)
        await keep(database, ada())
        await database.close()

        runner = await asyncpg.connect(as_runner)
        names = await runner.fetch("SELECT first_name FROM customer")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await runner.execute("DROP TABLE customer")
        await runner.close()

        assert [row["first_name"] for row in names] == ["Ada"]

    async def test_may_use_what_later_migrations_make(self, url: str) -> None:
        owner = await asyncpg.connect(url)
        await owner.execute("CREATE TABLE later (id serial)")
        await owner.close()

        runner = await asyncpg.connect(url.replace("dormouse@", "dormouse_run@"))
        await runner.execute("INSERT INTO later DEFAULT VALUES")
        made = await runner.fetchval("SELECT count(*) FROM later")
        await runner.close()

        assert made == 1


class TestTheLimitsBehindAPooler:
    async def test_hold_for_the_role(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        limits = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        ]
        await connection.close()

        assert limits == ["30s", "1min", "1min"]
