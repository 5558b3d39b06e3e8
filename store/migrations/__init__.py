"""How the schema came to be, revision by revision.

A new revision is drafted from the difference between the tables and a migrated database, and
then read and corrected by hand:

    alembic -x url=sqlite:///.dormouse/dormouse.db revision --autogenerate --rev-id 0002 -m "Add …"

Shops are open while it runs, so that a revision only adds, in steps that are short on PostgreSQL
however large a table is; what must take long goes beside the writers (store.migrations.online).
"""
