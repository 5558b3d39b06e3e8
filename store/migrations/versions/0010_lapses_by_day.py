"""Who lapsed is found by the day on which they were last there, no longer by the moment.

A gateway of the version before goes on working meanwhile, but reads all customers to find them.
"""

import sqlalchemy as sa
from alembic import op

from store.migrations.online import beside_writers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BUYERS = sa.text("last_ordered_at IS NOT NULL")
#: Of the buyers after this one the next few, locked in the order in which gateways lock them.
NEXT = sa.text(
    """
    WITH next AS (
        SELECT id FROM customer WHERE id > :last AND last_ordered_at IS NOT NULL
        ORDER BY id LIMIT 500 FOR NO KEY UPDATE
    ), noted AS (
        UPDATE customer SET last_active_on = (last_active_at AT TIME ZONE 'UTC')::date
        FROM next WHERE customer.id = next.id AND last_active_on IS NULL
    )
    SELECT max(id) FROM next
    """
)
IN_SQLITE = """
    UPDATE customer SET last_active_on = substr(last_active_at, 1, 10)
    WHERE last_ordered_at IS NOT NULL
"""


def upgrade() -> None:
    with beside_writers():
        _note_days()
        _drop_index("last_active_on")
        op.create_index(
            "ix_customer_last_active_on",
            "customer",
            ["last_active_on"],
            postgresql_concurrently=True,
            postgresql_where=BUYERS,
            sqlite_where=BUYERS,
        )
        _drop_index("last_active_at")


def downgrade() -> None:
    with beside_writers():
        _drop_index("last_active_at")
        op.create_index(
            "ix_customer_last_active_at",
            "customer",
            ["last_active_at"],
            postgresql_concurrently=True,
        )
        _drop_index("last_active_on")


def _note_days() -> None:
    """Fill in the days of those who were last there before days were noted."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(IN_SQLITE)
        return
    last = ""
    while last is not None:
        last = connection.scalar(NEXT, {"last": last})


def _drop_index(column: str) -> None:
    name = f"ix_customer_{column}"
    op.drop_index(name, "customer", if_exists=True, postgresql_concurrently=True)
