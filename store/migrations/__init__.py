"""How the schema came to be, revision by revision.

A new revision is drafted from the difference between the tables and a migrated database, and
then read and corrected by hand:

    alembic -x url=sqlite:///.dormouse/dormouse.db revision --autogenerate --rev-id 0002 -m "Add …"
"""
