"""The day on which a customer was last there: the database notes it, whoever writes the moment.

A gateway or worker of the version before goes on working meanwhile, and is noted likewise.
PostgreSQL leaves room in its pages of customers for the new versions of their rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = "customer_last_active_on"
#: A generated column would do the same, but PostgreSQL writes the table anew to add one.
POSTGRESQL = (
    f"""
    CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.last_active_on = (NEW.last_active_at AT TIME ZONE 'UTC')::date;
        RETURN NEW;
    END
    $$
    """,
    f"""
    CREATE TRIGGER {NAME} BEFORE INSERT OR UPDATE ON customer FOR EACH ROW
    WHEN (NEW.last_active_on IS DISTINCT FROM (NEW.last_active_at AT TIME ZONE 'UTC')::date)
    EXECUTE FUNCTION {NAME}()
    """,
    "ALTER TABLE customer SET (fillfactor = 85)",
)
#: A moment's text begins with its day; `date(…)` goes by a number, which may have been rounded.
SQLITE = tuple(
    f"""
    CREATE TRIGGER {NAME}_{change} AFTER {change} ON customer
    WHEN NEW.last_active_on IS NOT substr(NEW.last_active_at, 1, 10)
    BEGIN
        UPDATE customer SET last_active_on = substr(NEW.last_active_at, 1, 10) WHERE id = NEW.id;
    END
    """  # noqa: S608 - our own words
    for change in ("insert", "update")
)


def upgrade() -> None:
    op.add_column("customer", sa.Column("last_active_on", sa.Date(), nullable=True))
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if _is_sqlite():
        op.execute(f"DROP TRIGGER {NAME}_insert")
        op.execute(f"DROP TRIGGER {NAME}_update")
    else:
        op.execute("ALTER TABLE customer RESET (fillfactor)")
        op.execute(f"DROP TRIGGER {NAME} ON customer")
        op.execute(f"DROP FUNCTION {NAME}()")
    op.drop_column("customer", "last_active_on")


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"
