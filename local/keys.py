"""Keys to the gateway, as the command line makes, shows and revokes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from config import Settings
from domain.errors import Invalid, NotFound
from local.credentials import keep, recall
from store import keys, tables
from store.sessions import Database

#: Every scope: what the owner of this machine may do.
SCOPES = ("ingest", "read", "manage")


async def own_key(settings: Settings) -> str:
    """The API key that this installation shows to its user: made at the first start."""
    kept_in = settings.data_dir / "api.key"
    kept = recall(kept_in)
    async with _opened(settings.database) as database, database.writing() as session:
        if kept and await keys.find_key(session, kept):
            return kept
        now = datetime.now(UTC)
        key = await keys.create_key(session, name="local", scopes=SCOPES, now=now)
    keep(kept_in, key)
    return key


async def create(url: str, *, name: str, scopes: str, rate_limit: float | None = None) -> str:
    """A new key with the comma-separated `scopes`; raises Invalid for one that does not exist."""
    wanted = _read_scopes(scopes)
    if not name.strip():
        raise Invalid("A key needs a name: say who will use it.")
    if len(name) > keys.LONGEST_NAME:
        raise Invalid(
            f"A key's name has {keys.LONGEST_NAME} characters at most: take a shorter one."
        )
    async with _opened(url) as database, database.writing() as session:
        return await keys.create_key(
            session, name=name, scopes=wanted, now=datetime.now(UTC), rate_limit=rate_limit
        )


async def listed(url: str) -> list[dict[str, Any]]:
    """All keys as plain values, without the keys themselves."""
    async with _opened(url) as database, database.reading() as session:
        return [_shown(key) for key in await keys.list_keys(session)]


async def revoke(url: str, *, name: str) -> int:
    """Revoke the keys of this name and count them; raises NotFound when there is none."""
    async with _opened(url) as database, database.writing() as session:
        count = await keys.revoke_keys(session, name=name, now=datetime.now(UTC))
    if not count:
        raise NotFound(f"No valid key is named {name!r}: 'dormouse keys list' shows all.")
    return count


def table_of(listing: list[dict[str, Any]]) -> Table:
    """The listing for people."""
    table = Table("NAME", "KEY", "SCOPES", "A SECOND", "MADE", "REVOKED", box=None, pad_edge=False)
    for key in listing:
        table.add_row(
            key["name"],
            f"{key['hint']}…",
            ",".join(key["scopes"]),
            _limit(key["rate_limit"]),
            key["created_at"][:10],
            (key["revoked_at"] or "")[:10],
        )
    return table


def _read_scopes(text: str) -> list[str]:
    scopes = [scope.strip() for scope in text.split(",") if scope.strip()]
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise Invalid(f"There is no scope {unknown[0]!r}: choose among {', '.join(SCOPES)}.")
    if not scopes:
        raise Invalid(f"A key needs a scope: choose among {', '.join(SCOPES)}.")
    return scopes


def _limit(rate: float | None) -> str:
    return "" if rate is None else f"{rate:g}" if rate else "no limit"


def _shown(key: tables.ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "rate_limit": key.rate_limit,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database.open(url)
    try:
        yield database
    finally:
        await database.close()
