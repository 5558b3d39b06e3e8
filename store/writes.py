"""What a transaction writes of several tables, together: on PostgreSQL by one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from store.drivers import Row
from store.overtaking import Overtaken
from store.rows import Addition, Change
from store.sessions import AsyncSession, driver_of

#: Each reference is looked up by a statement of the server's own, after all is written, and to
#: plan that for each row takes longer than to write it. From here on plans may be kept. One that
#: was made when the other table was small must not read all of it, so none may.
_KEEP_PLANS: Final = """
    plans AS MATERIALIZED (SELECT
        set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'off', true))
"""
#: As the session has it: of other statements a plan that is kept may still be a bad one.
_AS_BEFORE: Final = """
    SELECT set_config('plan_cache_mode', NULL, true), set_config('enable_seqscan', NULL, true)
"""
#: A kind of rows, and the column that is told of each.
_Kind = tuple[Addition | Change, str | None]


@dataclass(slots=True)
class _Part:
    kind: _Kind
    rows: Sequence[Row]
    is_all_new: bool = False
    told: list[Any] = field(default_factory=list)

    async def write_alone(self, session: AsyncSession) -> None:
        """Write these rows by a statement of their own."""
        kind, column = self.kind
        if isinstance(kind, Change):
            await kind.make(session, self.rows)
        elif column is None:
            await kind.add(session, self.rows)
        else:
            self.told += await kind.add_telling(session, self.rows, column=column)


class Writes:
    """Rows to add and to change, in the order in which they were put here.

    None sees what another one writes, and no row may be changed twice. What they refer to is looked
    up when all are there.
    """

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def add(self, kind: Addition, rows: Sequence[Row], *, column: str | None = None) -> list[Any]:
        """Add these rows; the list gets what the database put into `column` of each, unordered."""
        return self._put(_Part((kind, column), rows))

    def add_new(self, kind: Addition, rows: Sequence[Row]) -> None:
        """Add rows of which none may be there yet: writing them raises Overtaken for one that is.

        Then all must be taken back.
        """
        self._put(_Part((kind, "1"), rows, is_all_new=True))

    def change(self, kind: Change, rows: Sequence[Row]) -> None:
        """Change these rows."""
        self._put(_Part((kind, None), rows))

    def _put(self, part: _Part) -> list[Any]:
        if part.rows:
            self._parts.append(part)
        return part.told

    async def write(self, session: AsyncSession) -> None:
        """Write all of it."""
        if await self.write_last(session):
            await driver_of(session).fetch(_AS_BEFORE, ())

    async def write_last(self, session: AsyncSession) -> bool:
        """Write all of it, as the last that the transaction does.

        True when statements after it would be planned in another way than those before.
        """
        parts, self._parts = self._parts, []
        by_one = sum(len(part.rows) for part in parts) > 1 and not driver_of(session).is_sqlite
        if by_one:
            await _write_together(session, parts)
        else:
            for part in parts:
                await part.write_alone(session)
        if any(part.is_all_new and len(part.told) < len(part.rows) for part in parts):
            raise Overtaken
        return by_one


async def _write_together(session: AsyncSession, parts: Sequence[_Part]) -> None:
    values = [column for part in parts for column in part.kind[0].values(part.rows)]
    statement = _statement(tuple(part.kind for part in parts))
    [(_, *told)] = await driver_of(session).fetch(statement, values)
    for part, of_each in zip((p for p in parts if p.kind[1]), told, strict=True):
        part.told += of_each


@lru_cache
def _statement(kinds: Sequence[_Kind]) -> str:
    """One statement of PostgreSQL's that writes all of these, and tells what is asked of them."""
    writing, told, first = [_KEEP_PLANS], ["(SELECT count(*) FROM plans)"], 1
    for number, (kind, column) in enumerate(kinds):
        returning = ""
        if column:
            returning = f"RETURNING {column} AS told"
            told.append(f"ARRAY(TABLE part_{number})")
        writing.append(f"part_{number} AS ({kind.statement(first)} {returning})")
        first += kind.width
    return f"WITH {', '.join(writing)} SELECT {', '.join(told)}"
