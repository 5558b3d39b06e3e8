"""Two processes that write the same at once: one is first, the other notices and does it again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from domain.errors import Unavailable


class Overtaken(Unavailable):
    """Another process wrote the same first; done again, the work sees what that one wrote."""

    def __init__(self) -> None:
        super().__init__("Another process wrote the same at this moment; try again.")


@contextmanager
def overtaking_noticed() -> Iterator[None]:
    """Raise Overtaken when the database says that something which must be unique is there."""
    try:
        yield
    except IntegrityError as error:
        raise Overtaken from error
