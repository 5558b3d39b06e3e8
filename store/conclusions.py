"""Conclusions: what became of claimed messages, many in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.journeys import OVER
from domain.messages import RANK, MessageStatus
from store.drivers import Row
from store.queries import json_of, text_of
from store.sessions import AsyncSession, driver_of

#: Of a message in one of these no provider has reported anything yet.
UNREPORTED: Final = tuple(
    status for status in MessageStatus if RANK.get(status, 0) <= RANK[MessageStatus.UNKNOWN]
)
#: What an answer can tell, and PostgreSQL's types for it.
_TOLD: Final = {
    "id": "text",
    "status": "text",
    "held_until": "timestamptz",
    "sent_at": "timestamptz",
    "provider_message_id": "text",
    "reason": "text",
}


_OVER: Final = ", ".join(f"'{status}'" for status in OVER)
#: A run that is over stays as it ended.
NOT_OVER: Final = f"run.status NOT IN ({_OVER})"
#: What the run's row says then.
_MARK: Final = {"run_id": "text", "step": "text", "run_status": "text"}
_KNOWN: Final = ", ".join(f"'{status}'" for status in UNREPORTED)
_KEPT: Final = ", ".join(
    f"{name} = coalesce(news.{name}, message.{name})" for name in list(_TOLD)[3:]
)
#: Of messages of whom nothing else is known yet.
_CONCLUDING: Final = (
    f"UPDATE message SET status = news.status, held_until = news.held_until, {_KEPT}"  # noqa: S608 - ours alone
    f" FROM {{news}} WHERE message.id = news.id AND message.status IN ({_KNOWN})"
    " AND message.to_address IS NOT NULL RETURNING message.id"
)


def _arrays(types: Mapping[str, str]) -> str:
    """A table of what PostgreSQL is told."""
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types.values(), 1))
    return f"unnest({arrays}) AS news ({', '.join(types)})"


def _objects(types: Mapping[str, str]) -> str:
    """A table of what SQLite is told."""
    fields = ", ".join(f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(types))
    return f"(SELECT {fields} FROM json_each(?)) AS news"  # noqa: S608 - ours alone


_SQLITE: Final = _CONCLUDING.format(news=_objects(_TOLD))
_POSTGRESQL: Final = _CONCLUDING.format(news=_arrays(_TOLD))
#: The same of messages that nobody else has locked, and their runs, whose rows are marked.
_WITH_RUNS: Final = f"""
    WITH told AS MATERIALIZED (SELECT * FROM {_arrays({**_TOLD, **_MARK})}),
        free AS MATERIALIZED (
            SELECT id FROM message WHERE id = ANY($1::text[])
            ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
        ),
        free_run AS MATERIALIZED (
            SELECT id FROM run WHERE id = ANY(${len(_TOLD) + 1}::text[])
            ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
        ),
        mine AS MATERIALIZED (
            SELECT told.* FROM told JOIN free USING (id) JOIN free_run ON free_run.id = run_id
        ),
        concluded AS ({_CONCLUDING.format(news="mine AS news")}),
        marked AS (
            UPDATE run SET status = mine.run_status, step = mine.step
            FROM mine JOIN concluded USING (id) WHERE run.id = mine.run_id AND {NOT_OVER}
        )
    SELECT id FROM concluded
"""  # noqa: S608 - ours alone


async def conclude(session: AsyncSession, news: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Record news of messages; returns those of whom nothing else was known yet."""
    rows = _rows(news, _TOLD)
    driver = driver_of(session)
    if driver.is_sqlite:
        told = [[text_of(v) if isinstance(v, datetime) else v for v in row] for row in rows]
        found = await driver.fetch(_SQLITE, (json_of(told),))
    else:
        found = await driver.fetch(_POSTGRESQL, _columns(rows))
    return {message for (message,) in found}


def _rows(news: Mapping[str, Mapping[str, Any]], types: Mapping[str, str]) -> list[Row]:
    names = list(types)[1:]
    return [(message, *map(news[message].get, names)) for message in sorted(news)]


def _columns(rows: Sequence[Row]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True)))


async def conclude_with_runs(
    session: AsyncSession, news: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """As `conclude`, of messages that nobody has locked, and mark their runs. Not on SQLite.

    It is one statement. The news tell `run_id`, `step` and `run_status` too.
    """
    rows = _rows(news, {**_TOLD, **_MARK})
    return {message for (message,) in await driver_of(session).fetch(_WITH_RUNS, _columns(rows))}
