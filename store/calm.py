"""Questions of calm: when customers did what would break it, of many in one query."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.questions import CalmQuestion
from store.queries import Query, moment_in
from store.sessions import AsyncSession

_MOMENTS: Final = Query(
    """
    WITH told AS MATERIALIZED (SELECT * FROM {asked} AS asked),
        question AS MATERIALIZED (SELECT DISTINCT number, customer_id, since FROM told)
    SELECT question.number, customer.merged_into, event.happened_at FROM question
        LEFT JOIN customer ON customer.id = question.customer_id
        LEFT JOIN event ON event.customer_id = question.customer_id
            AND event.happened_at >= question.since
            AND (question.number, event.name) IN (SELECT number, name FROM told)
    """,
    asked={"number": "int", "customer_id": "text", "since": "timestamptz", "name": "text"},
)


async def moments_of_each(
    session: AsyncSession, questions: Sequence[CalmQuestion]
) -> list[list[datetime] | None]:
    """When what each question asks about happened; None where the customer was merged."""
    found: list[list[datetime] | None] = [[] for _ in questions]
    asked = [
        (number, question.customer_id, question.since, name)
        for number, question in enumerate(questions)
        for name in question.events
    ]
    for number, merged_into, happened_at in await _MOMENTS.rows_about(session, asked):
        moments = found[number]
        if merged_into is not None:
            found[number] = None
        elif moments is not None and happened_at is not None:
            moments.append(moment_in(happened_at))
    return found
