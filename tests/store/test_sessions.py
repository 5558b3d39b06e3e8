"""Sessions: what the rest of the house may rely on."""

import asyncio
import sys
import threading
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from domain.errors import Invalid, Unavailable
from store import tables
from store.addresses import access_to, read_url
from store.audits import audit
from store.sessions import AsyncSession, Database
from tests.fakes.rows import NOON, ada, identity, keep

#: Reads and then writes, again and again, once it is told to begin.
WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from store.audits import audit, audits_of
from store.sessions import Database

async def main():
    database = Database.open(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(40):
        async with database.writing() as session:
            await audits_of(session, "0")
            now = datetime.now(UTC)
            await audit(session, "wrote", str(number), actor=sys.argv[2], now=now)
    await database.close()

asyncio.run(main())
"""


sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"])


async def _note(session: AsyncSession, target: str) -> None:
    await audit(session, "tested", target, actor="test", now=NOON)


async def _notes(database: Database) -> int:
    async with database.reading() as session:
        return (await session.scalars(select(func.count()).select_from(tables.Audit))).one()


async def _process(program: str, *arguments: str) -> asyncio.subprocess.Process:
    """A Python process that has said that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


class TestWriting:
    async def test_keeps_what_was_written(self, database: Database) -> None:
        async with database.writing() as session:
            await _note(session, "a")

        assert await _notes(database) == 1

    async def test_takes_everything_back_when_an_error_leaves_it(self, database: Database) -> None:
        async def write_and_fail() -> None:
            async with database.writing() as session:
                await _note(session, "a")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write_and_fail()

        assert await _notes(database) == 0

    @sqlite_alone
    async def test_lets_one_writer_of_this_process_in_at_a_time(self, database: Database) -> None:
        order: list[str] = []

        async def write(name: str) -> None:
            async with database.writing():
                order.append(f"{name} in")
                await asyncio.sleep(0.01)
                order.append(f"{name} out")

        await asyncio.gather(write("a"), write("b"))

        assert order in (
            ["a in", "a out", "b in", "b out"],
            ["b in", "b out", "a in", "a out"],
        )

    async def test_waits_for_writers_of_other_processes(
        self, database: Database, database_url: str
    ) -> None:
        writers = [await _process(WRITER, database_url, name) for name in ("a", "b", "c")]

        await asyncio.gather(*(writer.communicate(b"begin\n") for writer in writers))
        codes = [writer.returncode for writer in writers]

        assert codes == [0, 0, 0]
        assert await _notes(database) == 120

    async def test_refuses_a_row_that_refers_to_nobody(self, database: Database) -> None:
        with pytest.raises(IntegrityError):
            await keep(database, identity("cus_nobody", "4711"))

    async def test_names_no_person_when_something_is_wrong(self, database: Database) -> None:
        with pytest.raises(IntegrityError) as refused:
            await keep(database, identity("cus_nobody", "Augusta Ada King"))

        assert "Augusta Ada King" not in str(refused.value)

    async def test_says_so_when_the_schema_is_missing(self, tmp_path: Path) -> None:
        database = Database.open(f"sqlite:///{tmp_path}/empty.db")

        with pytest.raises(Unavailable, match="run `dormouse migrate`"):
            await keep(database, ada())
        await database.close()


class TestReading:
    async def test_goes_on_while_somebody_writes(self, database: Database) -> None:
        async with database.writing() as session:
            await _note(session, "a")

            assert await _notes(database) == 0

    async def test_sees_one_state_from_beginning_to_end(self, database: Database) -> None:
        count = select(func.count()).select_from(tables.Audit)
        async with database.reading() as session:
            before = (await session.scalars(count)).one()
            async with database.writing() as writer:
                await _note(writer, "a")
            after = (await session.scalars(count)).one()

        assert (before, after) == (0, 0)

    async def test_cannot_change_anything(self, database: Database) -> None:
        with pytest.raises(Unavailable, match="read-only"):
            async with database.reading() as session:
                await session.execute(text("DELETE FROM audit"))


class TestAMoment:
    async def test_comes_back_in_utc(self, database: Database) -> None:
        await keep(database, ada(created_at=NOON.astimezone()))

        async with database.reading() as session:
            created_at = (await session.scalars(select(col(tables.Customer.created_at)))).one()

        assert created_at.isoformat() == "2026-03-02T12:00:00+00:00"


class TestTheFile:
    @sqlite_alone
    async def test_is_written_for_power_cuts_and_many_readers(self, database: Database) -> None:
        async with database.writing() as session:
            pragmas = {
                name: (await session.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }

        assert pragmas == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 30_000,
        }


class TestADatabaseThatFails:
    async def test_names_the_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "dormouse.db").write_text("this is a shopping list " * 100)
        database = Database.open(f"sqlite:///{tmp_path}/dormouse.db")

        with pytest.raises(Unavailable, match=r"dormouse\.db is not a database; move"):
            await _notes(database)
        await database.close()

    async def test_leaves_no_thread_behind(self, tmp_path: Path) -> None:
        (tmp_path / "dormouse.db").write_text("this is a shopping list " * 100)
        database = Database.open(f"sqlite:///{tmp_path}/dormouse.db")
        before = set(threading.enumerate())

        with pytest.raises(Unavailable):
            await _notes(database)

        await database.close()
        left = set(threading.enumerate()) - before
        for thread in left:
            await asyncio.to_thread(thread.join, 1)
        assert [thread for thread in left if thread.is_alive()] == []

    async def test_names_the_folder_to_check(self, tmp_path: Path) -> None:
        database = Database.open(f"sqlite:///{tmp_path}/missing/dormouse.db")

        with pytest.raises(Unavailable, match="cannot be opened; check that its folder exists"):
            await _notes(database)
        await database.close()

    @sqlite_alone
    async def test_says_that_the_disk_is_full(self, database: Database) -> None:
        async def fill() -> None:
            async with database.writing() as session:
                await session.execute(text("PRAGMA max_page_count = 1"))
                await _note(session, "a" * 1_000_000)

        with pytest.raises(Unavailable, match=r"The disk of the database .* is full; make room"):
            await fill()

    async def test_says_which_server_does_not_answer(self) -> None:
        database = Database.open("postgresql://dormouse:secret@127.0.0.1:1/shop")

        with pytest.raises(Unavailable, match=r"The database shop on 127\.0\.0\.1 does not answer"):
            await _notes(database)
        await database.close()

    async def test_leaves_errors_of_the_caller_alone(self, database: Database) -> None:
        with pytest.raises(FileNotFoundError):
            async with database.reading():
                raise FileNotFoundError


class TestAUrl:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
            ("sqlite+aiosqlite:///a.db", "sqlite+aiosqlite:///a.db"),
            ("postgres://ada@db/shop", "postgresql+asyncpg://ada@db/shop"),
            ("postgresql+psycopg://ada@db/shop", "postgresql+asyncpg://ada@db/shop"),
        ],
    )
    def test_gets_the_driver_that_we_use(self, given: str, meant: str) -> None:
        assert read_url(given).render_as_string(hide_password=False) == meant

    @pytest.mark.parametrize("url", ["", "shop.db", "mysql://db/shop", "sqlite://", "sqlite:///"])
    def test_that_we_cannot_use_is_refused_with_an_example(self, url: str) -> None:
        with pytest.raises(Invalid, match=r"sqlite\+aiosqlite:///path/to/dormouse\.db"):
            Database.open(url)

    def test_tells_the_driver_what_hosted_providers_ask_for(self) -> None:
        given = "postgres://ada@db/shop?sslmode=require&options=endpoint%3Dhazel&connect_timeout=5"

        access = access_to(read_url(given))

        assert access.url.render_as_string() == "postgresql+asyncpg://ada@db/shop"
        assert access.arguments == {"timeout": 5, "dsn": "postgresql://?sslmode=require"}
        assert access.server_settings == {
            "application_name": "dormouse",
            "options": "endpoint=hazel",
        }

    @pytest.mark.parametrize(
        ("argument", "told"),
        [
            (
                "shcema=shop",
                r"has the argument 'shcema', which nobody here understands: take it out",
            ),
            ("channel_binding=require", r"take it out, and say sslmode=verify-full instead"),
            ("pool_size=0", r"pool_size of the database's URL must be a number from 1 on, not '0'"),
            ("connect_timeout=soon", r"connect_timeout .* must be a number from 1 on, not 'soon'"),
        ],
    )
    def test_with_an_argument_that_cannot_be_is_refused(self, argument: str, told: str) -> None:
        with pytest.raises(Invalid, match=told):
            Database.open(f"postgresql://ada@db/shop?{argument}")
