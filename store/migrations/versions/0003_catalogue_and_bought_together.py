"""The catalogue's other fields, what orders were told, and what is bought together.

Only adds: a gateway or worker of the version before goes on working meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(14, 4)
#: What events had told of a product until the shop described it.
LEARNED = ["title", "category", "price", "image_url", "url"]


def upgrade() -> None:
    for column in (
        sa.Column("compare_at_price", MONEY, nullable=True),
        sa.Column("daily_use", MONEY, nullable=True),
        sa.Column("available", sa.Boolean(), nullable=True),
        sa.Column("upgrades", JSON, nullable=True),
        sa.Column("described", JSON, nullable=True),
        sa.Column("added_at", MOMENT, nullable=True),
        sa.Column("discontinued_at", MOMENT, nullable=True),
    ):
        op.add_column("product", column)
    op.add_column("order", sa.Column("told", JSON, nullable=True))
    op.create_table(
        "bought_together",
        sa.Column("product_id", sa.String(255), nullable=False),
        sa.Column("complement_id", sa.String(255), nullable=False),
        sa.Column("orders_together", sa.Integer(), nullable=False),
        sa.Column("orders_of_product", sa.Integer(), nullable=False),
        sa.Column("orders_of_complement", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "complement_id", name="pk_bought_together"),
    )
    _keep_what_shops_described()


def downgrade() -> None:
    op.drop_table("bought_together")
    with op.batch_alter_table("order") as order:
        order.drop_column("told")
    with op.batch_alter_table("product") as product:
        for name in (
            "compare_at_price",
            "daily_use",
            "available",
            "upgrades",
            "described",
            "added_at",
            "discontinued_at",
        ):
            product.drop_column(name)


def _keep_what_shops_described() -> None:
    """Until a shop describes a product anew, events change nothing of it, as before."""
    product = sa.table(
        "product",
        sa.column("is_described", sa.Boolean()),
        sa.column("described", JSON),
        sa.column("added_at", MOMENT),
        sa.column("updated_at", MOMENT),
    )
    op.execute(product.update().values(added_at=product.c.updated_at))
    op.execute(product.update().where(product.c.is_described).values(described=LEARNED))
