"""What the database tells."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Final

from config import Settings
from doctor.findings import Finding, compared, failed, ok, warning
from domain.errors import DormouseError
from store.condition import Server, connections_per_process, server_condition
from store.migrations.run import current_revision, is_newer, newest_revision
from store.sessions import Database

#: The oldest PostgreSQL that its makers still mend.
_OLDEST: Final = 14
#: Two gateways and two workers, and one of each while they are replaced.
_PROCESSES: Final = 6


async def look_at_database(
    settings: Settings, now: Callable[[], datetime]
) -> AsyncGenerator[Finding, None]:
    """Findings about the database; the first that fails may be the last."""
    try:
        revision = await current_revision(settings.database)
    except DormouseError as error:
        yield failed("database", str(error))
        return
    yield _schema(revision)
    if revision is None:
        return
    server = await _server(settings)
    if server is None:
        yield ok("database", "SQLite answers; it is made for one machine.")
        return
    yield _version(server)
    yield _connections(server, connections_per_process(settings.database))
    yield compared("database's clock", "The database's", server.now, now=now())


def _schema(revision: str | None) -> Finding:
    newest = newest_revision()
    if revision is None:
        return failed("schema", "The database has no tables: run `dormouse migrate`.")
    if is_newer(revision):
        return warning(
            "schema",
            f"The database's schema is at {revision}, newer than this version's {newest}, which "
            "works with it after a rollback: go forward again when you can.",
        )
    if revision != newest:
        return failed(
            "schema",
            f"The database's schema is at {revision}, this version works with {newest}: run "
            "`dormouse migrate`.",
        )
    return ok("schema", f"The database's schema is at {revision}, as this version wants it.")


async def _server(settings: Settings) -> Server | None:
    database = Database.open(settings.database)
    try:
        async with database.reading() as session:
            return await server_condition(session)
    finally:
        await database.close()


def _version(server: Server) -> Finding:
    if server.major < _OLDEST:
        return warning(
            "database",
            f"PostgreSQL {server.version} is no longer mended by its makers: move to {_OLDEST} or "
            "newer.",
        )
    return ok("database", f"PostgreSQL {server.version} answers.")


def _connections(server: Server, each: int) -> Finding:
    room = server.most_connections // each
    told = (
        f"The database takes {server.most_connections} connections of ours, enough for {room} "
        f"gateways and workers of up to {each} each"
    )
    if room < _PROCESSES:
        return warning(
            "connections",
            f"{told}: raise max_connections, or put pool_size=… into DORMOUSE_DATABASE_URL.",
        )
    return ok("connections", f"{told}; {server.connections} are open now.")
