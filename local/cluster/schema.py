"""Temporal's schema on PostgreSQL, made and brought up to date by Temporal's own tool."""

from pathlib import Path
from typing import Final

from local.cluster.postgres import USER, PostgresServer
from local.cluster.roles import STORE, VISIBILITY
from local.cluster.steps import run_step
from local.environment import inherited

#: The schema that the tool carries for each database.
_SCHEMAS: Final = {
    STORE: "postgresql/v12/temporal",
    VISIBILITY: "postgresql/v12/visibility",
}


async def set_up_schema(tool: Path, postgres: PostgresServer, *, log: Path) -> None:
    """Bring both databases to the tool's version; harmless when they are there."""
    environment = {**inherited(), "SQL_PASSWORD": postgres.password}
    for database, schema in _SCHEMAS.items():
        await postgres.create(database)
        target: list[str | Path] = [
            *(tool, "--plugin", "postgres12", "--endpoint", "127.0.0.1"),
            *("--port", str(postgres.port), "--user", USER, "--database", database),
        ]
        for step in (
            ("setup-schema", "--version", "0.0"),
            ("update-schema", "--schema-name", schema),
        ):
            what = f"Temporal's {step[0]} for the database {database}"
            await run_step(what, [*target, *step], log=log, environment=environment)
