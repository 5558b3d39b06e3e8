"""Conclusions: what became of claimed messages, many in one statement."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from domain.journeys import OVER
from domain.messages import RANK, MessageStatus
from store.queries import Query
from store.sessions import AsyncSession

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
#: Of messages of which nothing else is known yet.
_CONCLUDING: Final = (
    f"UPDATE message SET status = news.status, held_until = news.held_until, {_KEPT}"  # noqa: S608 - ours alone
    f" FROM {{news}} AS news WHERE message.id = news.id AND message.status IN ({_KNOWN})"
    " AND message.to_address IS NOT NULL RETURNING message.id"
)
_CONCLUDED: Final = Query(_CONCLUDING.format(news="{asked}"), asked=_TOLD)
#: The same of messages that nobody else has locked, and their runs, whose rows are marked.
_CONCLUDED_WITH_RUNS: Final = Query(
    f"""
    WITH told AS MATERIALIZED (SELECT * FROM {{asked}} AS asked),
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
        concluded AS ({_CONCLUDING.format(news="mine")}),
        marked AS (
            UPDATE run SET status = mine.run_status, step = mine.step
            FROM mine JOIN concluded USING (id) WHERE run.id = mine.run_id AND {NOT_OVER}
        )
    SELECT id FROM concluded
    """,  # noqa: S608 - ours alone
    asked={**_TOLD, **_MARK},
)


async def conclude(session: AsyncSession, news: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Record news of messages; returns those of which nothing else was known yet."""
    return await _record(session, _CONCLUDED, news, _TOLD)


async def conclude_with_runs(
    session: AsyncSession, news: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """As `conclude`, of messages that nobody has locked, and mark their runs. Not on SQLite.

    It is one statement. The news tell `run_id`, `step` and `run_status` too.
    """
    return await _record(session, _CONCLUDED_WITH_RUNS, news, {**_TOLD, **_MARK})


async def _record(
    session: AsyncSession,
    query: Query,
    news: Mapping[str, Mapping[str, Any]],
    told: Collection[str],
) -> set[str]:
    _, *names = told
    rows = [(message, *map(news[message].get, names)) for message in sorted(news)]
    return {message for (message,) in await query.rows_about(session, rows)}
