"""Where the runs are: the namespace of Temporal that this database belongs to.

Only adds: a gateway or worker of the version before goes on working meanwhile.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "temporal_namespace",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("namespace_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("remembered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_temporal_namespace")),
        sa.CheckConstraint("id = 1", name=op.f("ck_temporal_namespace_is_one")),
    )


def downgrade() -> None:
    op.drop_table("temporal_namespace")
