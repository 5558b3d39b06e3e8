"""Alembic's entry: works on the connection of store.migrations.run, or on `-x url=…`."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator
from sqlmodel import SQLModel

import store.tables  # noqa: F401 - declares the tables
from store.addresses import read_url
from store.migrations.run import one_at_a_time


def _plain(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what they store: a revision must outlive today's code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        stored: Any = item.impl
        return f"sa.{stored!r}"
    return False


def run(connection: Connection) -> None:
    """Bring the schema behind `connection` to where the command wants it."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=_plain,
        render_as_batch=connection.dialect.name == "sqlite",
        # A lock that a revision took ends with it; the next does not add to how long it is held.
        transaction_per_migration=connection.dialect.name == "postgresql",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.get_x_argument(as_dictionary=True)["url"]
    asyncio.run(one_at_a_time(read_url(url), run))
