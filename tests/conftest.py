"""What tests of several rooms share."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, event

from activities.composing import Composer, Shop
from domain.pace import Pace
from sending.context import ShopContext
from sending.links import Links
from sending.rendering import Templates
from store.migrations.run import migrate
from store.sessions import Database
from tests.migrated_file import MigratedFile
from tests.postgresql import NOT_FOUND, NoPostgresql, Server, server_for

#: A busy machine is no counterexample.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

TEMPLATES = Path(__file__).parent.parent / "templates"


#: Tests that run whole programs: begun first, so that no core waits for them at the end.
LONGEST = (
    "whole_way",
    "docs",
    "dispatch",
    "test_up",
    "test_any_order",
    "test_continuing",
    "test_temporal",
)


def pytest_configure() -> None:
    """Leave behind what somebody set for a Dormouse, a Temporal or a proxy of their own."""
    for name in tuple(os.environ):
        if name.startswith(("DORMOUSE_", "TEMPORAL_")) and not name.startswith("DORMOUSE_TEST_"):
            del os.environ[name]
    os.environ.update({"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"})


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: many a test waits, for timers and for programs."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    names = Counter(item.nodeid for item in items)
    if alike := [name for name, tests in names.items() if tests > 1]:
        raise pytest.UsageError(f"Of tests with one name only one would run: {', '.join(alike)}")
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)]
    missed = [reason for reason in reasons if NOT_FOUND in reason]
    if missed:
        terminalreporter.section("PostgreSQL was not tested", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(missed)} tests skipped. {missed[0].removeprefix('Skipped: ')}", red=True
        )


@pytest.fixture(scope="session")
def postgresql(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """Where databases are made: one server for all processes of this test run."""
    run, owner = tmp_path_factory.getbasetemp(), os.getpid()
    if hasattr(request.config, "workerinput"):  # the first process of xdist outlives this one
        run, owner = run.parent, os.getppid()
    try:
        with server_for(run, owner=owner) as server:
            yield server
    except NoPostgresql as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema that the migrations make, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "dormouse.db"
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def dialect() -> str:
    """Which database a test works with; rooms that must work with both say so in their conftest."""
    return "sqlite"


@pytest.fixture(scope="session")
def open_database() -> Callable[[str], Database]:
    """Opens a database, once: for the tests to come it has its statements compiled already."""
    return cache(Database.open)


@pytest.fixture(scope="session")
def one_file(migrated: Path, open_database: Callable[[str], Database]) -> MigratedFile:
    """The SQLite database of all tests, one after the other."""
    path = migrated.with_name("test.db")
    return MigratedFile(migrated, path, open_database(f"sqlite:///{path}"))


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest) -> str:
    """A real database without rows, with the schema that the migrations make."""
    if dialect == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        return server.empty_database()
    file: MigratedFile = request.getfixturevalue("one_file")
    file.forget()
    return f"sqlite:///{file.path}"


@pytest.fixture
async def database(
    database_url: str, open_database: Callable[[str], Database]
) -> AsyncIterator[Database]:
    """The database of a test, open."""
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What every database is asked within a transaction: by SQLAlchemy, and past it."""
    statements: list[str] = []

    def note(statement: str) -> None:
        if not statement.startswith(("BEGIN", "COMMIT")):
            statements.append(statement)

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage().strip())

    past_it, listening = logging.getLogger("store.drivers"), Listening()
    past_it.addHandler(listening)
    past_it.setLevel(logging.DEBUG)
    event.listen(Engine, "before_cursor_execute", listen)
    yield statements
    event.remove(Engine, "before_cursor_execute", listen)
    past_it.setLevel(logging.NOTSET)
    past_it.removeHandler(listening)


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(TEMPLATES)


def example_shop() -> Shop:
    """A shop that sells outdoor things."""
    return Shop(
        context=ShopContext(
            name="Hazel & Co",
            url="https://shop.example",
            postal_address="Hazel & Co, 1 Hazel Lane, Woodland",
            support_email="help@shop.example",
            currency="EUR",
            timezone="Europe/Berlin",
        ),
        sender="Hazel & Co <hello@shop.example>",
        default_locale="en",
        cart_url="https://shop.example/cart",
    )


@pytest.fixture(scope="session")
def shop() -> Shop:
    return example_shop()


@pytest.fixture(scope="session")
def composer(templates: Templates, shop: Shop) -> Composer:
    links = Links("a secret of thirty-two characters", "https://mail.shop.example")
    return Composer(templates=templates, links=links, shop=shop, pace=Pace())
