"""Changes that take as long as a table is large, beside those who read and write it."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op


@contextmanager
def beside_writers() -> Iterator[None]:
    """Outside of the revision's transaction where it must be: `CREATE INDEX CONCURRENTLY`.

    Put it last in a revision, or alone. What breaks off in it is begun again, so write it thus:

        with beside_writers():
            name, table = "ix_event_name", "event"
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, ["name"], postgresql_concurrently=True)

    SQLite has one writer; there it is a part of the revision like any other.
    """
    context = op.get_context()
    if context.dialect.name == "sqlite":
        yield
        return
    with context.autocommit_block():
        yield
