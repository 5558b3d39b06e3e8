"""How a PostgreSQL server is: its version, its connections, its clock."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from store.addresses import access_to, read_url
from store.sessions import AsyncSession


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server at one moment."""

    version: str
    #: For our user: those of others, like Temporal's, are taken off.
    most_connections: int
    #: Open now, by our user.
    connections: int
    now: datetime

    @property
    def major(self) -> int:
        """The version's first number."""
        return int(self.version.partition(".")[0])


async def server_condition(session: AsyncSession) -> Server | None:
    """How the server behind `session` is; None where there is none (SQLite)."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    found = await session.execute(
        text(
            "SELECT split_part(current_setting('server_version'), ' ', 1) AS version,"
            " current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
            " - (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL"
            " AND usename <> current_user)::int AS most_connections,"
            " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND usename = current_user) AS connections, clock_timestamp() AS now"
        )
    )
    row = found.one()
    return Server(row.version, row.most_connections, row.connections, row.now)


def connections_per_process(url: str) -> int:
    """How many connections a gateway or worker opens at most to the database at `url`."""
    return access_to(read_url(url)).pool_size
