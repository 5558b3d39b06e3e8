"""Two processes that write the same at once: one is first, the other notices and does it again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from random import uniform
from typing import Final, TypeVar

from sqlalchemy.exc import IntegrityError

from domain.errors import Unavailable

T = TypeVar("T")

#: Pauses before work is done again, in seconds. Two that meet once will not meet four times.
_PAUSES: Final = (0.01, 0.05, 0.2, 0.5)

#: What SQLite and PostgreSQL say when a row with this key is there already.
_NOT_UNIQUE: Final = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505")


class Overtaken(Unavailable):
    """Another process wrote the same first; done again, the work sees what that one wrote."""

    def __init__(self) -> None:
        super().__init__("Another process wrote the same at this moment; try again.")


def is_of_all(error: Exception) -> bool:
    """Whether an error is about the database, and not about one of those who share a transaction.

    One who was overtaken may be any of them: each by itself, they are not.
    """
    return isinstance(error, Unavailable) and not isinstance(error, Overtaken)


@contextmanager
def overtaking_noticed() -> Iterator[None]:
    """Raise Overtaken when the database says that something which must be unique is there."""
    try:
        yield
    except IntegrityError as error:
        if _is_of_what_is_unique(error):
            raise Overtaken from error
        raise  # a mistake of ours: done again, it would be the same


def _is_of_what_is_unique(error: IntegrityError) -> bool:
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return code in _NOT_UNIQUE


async def again_if(
    error: type[Unavailable],
    work: Callable[[], Awaitable[T]],
    *,
    pauses: Sequence[float] = _PAUSES,
) -> T:
    """What `work` returns; when it raises `error` it is done again after each of `pauses`.

    The last time its error is the caller's.
    """
    for pause in pauses:
        try:
            return await work()
        except error:
            await asyncio.sleep(pause * uniform(0.5, 1.5))  # noqa: S311 - apart from each other
    return await work()
