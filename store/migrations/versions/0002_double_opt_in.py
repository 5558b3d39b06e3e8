"""Double opt-in: consents that wait to be confirmed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("customer", sa.Column("pending", JSON, nullable=False, server_default="{}"))
    op.add_column(
        "consent_change", sa.Column("confirm_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("consent_change", "confirm_until")
    op.drop_column("customer", "pending")
