"""Rate limits of single keys."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("rate_limit", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "rate_limit")
