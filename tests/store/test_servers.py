"""PostgreSQL servers as they are met: encrypted, down, back again, silent."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col

from domain.errors import Unavailable
from domain.events import PAGE_VIEWED, Event
from local.ports import free_port
from store import tables
from store.addresses import access_to, read_url
from store.engines import postgresql_engine
from store.event_log import event_row, keep_events
from store.migrations import run
from store.sessions import Database, driver_of
from tests.fakes.certificate import Certificate
from tests.fakes.relay import Relay
from tests.fakes.rows import NOON, ada, keep
from tests.postgresql import Cluster, NoPostgresql


@pytest.fixture
def dialect() -> str:
    return "postgresql"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server that a test may stop and start."""
    try:
        cluster = Cluster.create()
    except NoPostgresql as missing:
        pytest.skip(str(missing))
    yield cluster
    cluster.remove()


def url_of(cluster: Cluster) -> str:
    return cluster.url.render_as_string(hide_password=False)


async def customers(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(col(tables.Customer.id))))


async def setting(database: Database, name: str) -> str:
    async with database.writing() as session:
        return str((await session.execute(text(f"SHOW {name}"))).scalar_one())


class TestAServer:
    async def test_that_goes_away_is_told_of_and_used_again_when_it_is_back(
        self, cluster: Cluster
    ) -> None:
        cluster.start()
        await run.migrate(url_of(cluster))
        database = Database.open(url_of(cluster))
        await keep(database, ada())

        await asyncio.to_thread(cluster.stop)
        with pytest.raises(Unavailable, match=r"The database postgres on .* does not answer"):
            await customers(database)
        cluster.start()

        assert await customers(database) == ["cus_ada"]
        await database.close()

    async def test_that_restarts_in_the_middle_takes_that_work_back(self, cluster: Cluster) -> None:
        cluster.start()
        await run.migrate(url_of(cluster))
        database = Database.open(url_of(cluster))

        async def write() -> None:
            async with database.writing() as session:
                session.add(ada())
                await session.flush()
                await asyncio.to_thread(cluster.stop)
                await asyncio.to_thread(cluster.start)

        with pytest.raises(Unavailable, match=r"stopping or starting|does not answer"):
            await write()

        assert await customers(database) == []
        await database.close()

    async def test_that_falls_silent_is_given_up(self, database_url: str) -> None:
        async with Relay.to(database_url) as relay:
            database = Database.open(relay.url, answers_within=0.5)
            assert await customers(database) == []
            relay.falls_silent()

            with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
                await asyncio.wait_for(customers(database), timeout=10)

            relay.speaks_again()
            assert await customers(database) == []
            await database.close()

    async def test_that_falls_silent_in_the_middle_is_given_up(self, database_url: str) -> None:
        async with Relay.to(database_url) as relay:
            database = Database.open(relay.url, answers_within=0.5)

            async def write() -> None:
                async with database.writing() as session:
                    session.add(ada())
                    await session.flush()
                    relay.falls_silent()
                    await session.execute(text("SELECT 1"))

            with pytest.raises(Unavailable, match="does not answer; check that the server runs"):
                await asyncio.wait_for(write(), timeout=10)

            relay.speaks_again()
            assert await customers(database) == []
            await database.close()


class TestARestingConnection:
    async def test_that_was_closed_is_replaced(self, database_url: str) -> None:
        database = Database.open(f"{database_url}&application_name=resting")
        assert await customers(database) == []

        await end_sessions_of("resting", database_url)

        assert await customers(database) == []
        await database.close()

    async def test_that_was_forgotten_without_a_word_is_replaced(self, database_url: str) -> None:
        async with Relay.to(database_url) as relay:
            access = access_to(read_url(relay.url))
            engine = postgresql_engine(access, answers_within=0.5, tried_after=0)
            assert await answers(engine)
            relay.forgets()

            assert await answers(engine)

            await engine.dispose()

    async def test_is_not_asked_whether_it_lives_at_each_use(self, database_url: str) -> None:
        async with Relay.to(database_url) as relay:
            database = Database.open(relay.url)
            await customers(database)
            before = relay.trips

            await customers(database)

            assert relay.trips - before == 3  # to begin, to ask, to end
            await database.close()


async def end_sessions_of(name: str, url: str) -> None:
    database = Database.open(url)
    of_that_name = "FROM pg_stat_activity WHERE application_name = :name"
    ending = f"SELECT pg_terminate_backend(pid, 5000) {of_that_name}"
    async with database.writing() as session:
        ended = await session.execute(text(ending), {"name": name})
        assert ended.scalars().all() == [True]
    await database.close()


async def answers(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool((await connection.execute(text("SELECT true"))).scalar_one())


class TestEveryConnection:
    async def test_says_whose_it_is_and_hangs_for_ever_in_nobodys_way(
        self, database: Database
    ) -> None:
        assert await setting(database, "application_name") == "dormouse"
        assert await setting(database, "lock_timeout") == "30s"
        assert await setting(database, "statement_timeout") == "1min"
        assert await setting(database, "idle_in_transaction_session_timeout") == "1min"

    async def test_plans_for_tables_as_large_as_they_are_now(self, database: Database) -> None:
        assert await setting(database, "plan_cache_mode") == "force_custom_plan"

    async def test_looks_for_a_few_rows_by_their_keys(self, database: Database) -> None:
        assert await setting(database, "random_page_cost") == "1.1"
        assert await setting(database, "jit") == "off"

    async def test_sees_with_a_lock_what_its_last_owner_wrote(self, database: Database) -> None:
        assert await setting(database, "transaction_isolation") == "read committed"
        assert await setting(database, "default_transaction_isolation") == "read committed"

    async def test_is_one_of_as_many_as_the_url_says(self, database_url: str) -> None:
        database = Database.open(f"{database_url}&pool_size=2&application_name=counted")

        async def looks() -> None:
            async with database.reading() as session:
                await session.execute(text("SELECT pg_sleep(0.05)"))

        await asyncio.gather(*(looks() for _ in range(6)))
        async with database.reading() as session:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted'"
            connections = (await session.execute(text(query))).scalar_one()
        await database.close()

        assert connections == 2

    async def test_behind_a_pooler_prepares_nothing_and_asks_for_nothing(
        self, database_url: str
    ) -> None:
        database = Database.open(f"{database_url}&pgbouncer=true")
        await keep(database, ada())
        async with database.writing() as session:
            for _ in range(3):
                await session.execute(select(col(tables.Customer.id)))
                await driver_of(session).fetch("SELECT id FROM customer", ())
            looks = [Event(f"m-{n}", PAGE_VIEWED, NOON, NOON) for n in range(100)]
            await keep_events(session, [event_row(look, "cus_ada") for look in looks])
            prepared = await session.execute(text("SELECT name FROM pg_prepared_statements"))
            names = [name for (name,) in prepared if name]

        assert names == []
        assert await setting(database, "statement_timeout") == "0"
        assert await customers(database) == ["cus_ada"]
        await database.close()


@pytest.fixture
async def encrypted(cluster: Cluster, tmp_path: Path) -> str:
    """The start of the URL of a server with a certificate that nobody knows."""
    Certificate(tmp_path)
    pem = cluster.keep("server.pem", (tmp_path / "certificate.pem").read_bytes())
    port = free_port()
    cluster.start(
        "listen_addresses=127.0.0.1",
        f"port={port}",
        "ssl=on",
        f"ssl_cert_file={pem}",
        f"ssl_key_file={pem}",
    )
    database = Database.open(f"{url_of(cluster)}&port={port}")
    async with database.writing() as session:
        await session.execute(text("ALTER ROLE dormouse PASSWORD 'secret'"))
    await database.close()
    return f"postgres://dormouse:secret@127.0.0.1:{port}/postgres"


async def is_encrypted(url: str) -> bool:
    database = Database.open(url)
    try:
        async with database.reading() as session:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool((await session.execute(text(query))).scalar_one())
    finally:
        await database.close()


class TestAnEncryptedServer:
    async def test_is_reached_as_hosted_providers_say(self, encrypted: str, tmp_path: Path) -> None:
        known = f"sslrootcert={tmp_path}/certificate.pem"

        assert await is_encrypted(f"{encrypted}?sslmode=require")
        assert await is_encrypted(f"{encrypted}?ssl=require")
        assert await is_encrypted(f"{encrypted}?sslmode=verify-full&{known}")
        assert not await is_encrypted(f"{encrypted}?sslmode=disable")

    async def test_must_be_who_it_says_it_is(self, encrypted: str) -> None:
        with pytest.raises(Unavailable, match="a certificate that is not trusted"):
            await is_encrypted(f"{encrypted}?sslrootcert=system")

    async def test_does_not_let_in_who_has_another_password(self, encrypted: str) -> None:
        with pytest.raises(Unavailable, match="refuses the user or password"):
            await is_encrypted(encrypted.replace("secret", "guess"))


class TestAServerThatDoesNotEncrypt:
    async def test_is_not_talked_to_where_it_must(self, cluster: Cluster) -> None:
        port = free_port()
        cluster.start("listen_addresses=127.0.0.1", f"port={port}")

        with pytest.raises(Unavailable, match="does not encrypt connections; turn on TLS there"):
            await is_encrypted(f"postgres://dormouse@127.0.0.1:{port}/postgres?sslmode=require")
