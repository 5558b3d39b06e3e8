"""Cursor paging: lists stay correct while rows come and go, and cost the same on every page."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from domain.errors import Invalid

T = TypeVar("T")
Row = TypeVar("Row")

#: The values of the columns that a list is sorted by, for one row.
SortKey = tuple[str | int, ...]

#: A moment in a sort key: any that has a date in every time zone.
SortTime = Annotated[
    AwareDatetime,
    Field(ge=datetime(1, 1, 2, tzinfo=UTC), lt=datetime(9999, 12, 31, tzinfo=UTC)),
]

LARGEST_PAGE: Final = 200
_KEY: Final = TypeAdapter(tuple[str | int, ...])


class Page(BaseModel, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = Field(
        default=None, description="Pass it as `cursor` to get what follows; null at the end."
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted: at most `limit` rows that sort behind `after`."""

    limit: int
    after: SortKey | None = None

    @property
    def fetch(self) -> int:
        """How many rows to ask the store for: one more, to know whether anything follows."""
        return self.limit + 1

    def behind(self, shape: TypeAdapter[T]) -> T | None:
        """Where to go on, as this list's own sort key; raises Invalid for another list's cursor."""
        try:
            return None if self.after is None else shape.validate_python(self.after)
        except ValidationError as error:
            raise _foreign() from error

    def page(
        self, rows: Sequence[Row], *, key: Callable[[Row], SortKey], show: Callable[[Row], T]
    ) -> Page[T]:
        """The page made of `rows`, of which there may be one too many."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(
            items=[show(row) for row in shown],
            next=write_cursor(key(shown[-1])) if more else None,
        )


def write_cursor(key: SortKey) -> str:
    """`key` as an opaque text that fits into a URL."""
    return base64.urlsafe_b64encode(_KEY.dump_json(key)).decode().rstrip("=")


def read_cursor(cursor: str) -> SortKey:
    """The key in `cursor`; raises Invalid for anything that `write_cursor` did not make."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return _KEY.validate_json(text, strict=True)
    except (binascii.Error, ValidationError, ValueError) as error:
        raise _foreign() from error


def _foreign() -> Invalid:
    return Invalid("The cursor is none of ours; start again without one.", field="cursor")


def _page_request(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Rows per page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=2_000, description="`next` of the page before.")
    ] = None,
) -> PageRequest:
    return PageRequest(limit, read_cursor(cursor) if cursor else None)


PageDep = Annotated[PageRequest, Depends(_page_request)]
