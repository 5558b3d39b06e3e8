"""`dormouse forget-namespace`: for a Temporal that was moved, or lost with all that slept in it."""

from store.namespaces import forget_namespace
from store.sessions import Database


async def forget(database_url: str) -> str | None:
    """Forget where this database's runs are; returns the namespace's name, if one was known."""
    database = Database.open(database_url)
    try:
        async with database.writing() as session:
            known = await forget_namespace(session)
            return known.name if known else None
    finally:
        await database.close()
