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
#: A kind of rows, and the column whose values are told of them.
_Kind = tuple[Addition | Change, str | None]


@dataclass(slots=True)
class _Part:
    kind: _Kind
    rows: Sequence[Row]
    must_be_new: bool = False
    told: list[Any] = field(default_factory=list)

    async def write_alone(self, session: AsyncSession) -> None:
        """Write these rows by a statement of their own."""
        kind, column = self.kind
        if isinstance(kind, Change):
            await kind.make(session, self.rows)
        elif column:
            self.take(await kind.add_telling(session, self.rows, column=column))
        else:
            self.take(await kind.add(session, self.rows))

    def take(self, found: list[Any] | int) -> None:
        """Take what was found of the rows: the values of the column, or how many were written."""
        if isinstance(found, list):
            self.told += found
        elif self.must_be_new and found < len(self.rows):
            raise Overtaken


class Writes:
    """Rows to add and to change; they are written in the order in which they were put here.

    On PostgreSQL none sees what another one writes, so no row may be changed twice. What they refer
    to is looked up when all are there.
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
        self._put(_Part((kind, None), rows, must_be_new=True))

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
        return by_one


async def _write_together(session: AsyncSession, parts: Sequence[_Part]) -> None:
    values = [column for part in parts for column in part.kind[0].values(part.rows)]
    statement = _statement(tuple(part.kind for part in parts))
    [(_, *found)] = await driver_of(session).fetch(statement, values)
    for part, of_its_rows in zip(parts, found, strict=True):
        part.take(of_its_rows)


@lru_cache
def _statement(kinds: Sequence[_Kind]) -> str:
    """One statement of PostgreSQL's that writes all of these.

    It asks for something of each, which is what makes PostgreSQL write them in this order: others
    would come last, and who writes the same in another order may wait for us while we wait for
    them.
    """
    writing, found, first = [_KEEP_PLANS], ["(SELECT count(*) FROM plans)"], 1
    for number, (kind, column) in enumerate(kinds):
        part = f"part_{number}"
        writing.append(f"{part} AS ({kind.statement(first)} RETURNING {column or 'true'})")
        found.append(f"ARRAY(TABLE {part})" if column else f"cardinality(ARRAY(TABLE {part}))")
        first += kind.width
    return f"WITH {', '.join(writing)} SELECT {', '.join(found)}"
