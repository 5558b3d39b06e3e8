"""Events are no longer held against their customer one by one: who keeps them has locked the row.

A gateway or worker of the version before goes on working meanwhile. SQLite writes its table anew.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = "fk_event_customer_id_customer"


def upgrade() -> None:
    with op.batch_alter_table("event") as event:
        event.drop_constraint(NAME, type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("event") as event:
        event.create_foreign_key(
            NAME,
            "customer",
            ["customer_id"],
            ["id"],
            ondelete="CASCADE",
            postgresql_not_valid=True,  # what is there was kept by who had locked the customer
        )
