"""Failures of the database, told in one sentence with the cure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import DormouseError, Invalid, Unavailable

#: SQLite's error names begin with these words.
_SQLITE: Final[Mapping[str, str]] = {
    "SQLITE_NOTADB": "{name} is not a database; move that file away and run `dormouse migrate`.",
    "SQLITE_CORRUPT": "The database {name} is damaged; put back a backup of that file.",
    "SQLITE_CANTOPEN": "The database {name} cannot be opened; check that its folder exists, is"
    " writable, and that `dormouse migrate` was run.",
    "SQLITE_FULL": "The disk of the database {name} is full; make room there.",
    "SQLITE_IOERR": "The disk of the database {name} fails; check the disk.",
    "SQLITE_READONLY": "The database {name} is read-only; give this user the right to write it.",
    "SQLITE_BUSY": "The database {name} is locked by another program; close that one or try again.",
    "SQLITE_LOCKED": "The database {name} is locked by another program; close that one or try"
    " again.",
}

#: PostgreSQL's SQLSTATE codes begin with these characters.
_POSTGRESQL: Final[Mapping[str, str]] = {
    "08": "The database {name} does not answer; check that the server runs and try again.",
    "28": "The database {name} refuses the user or password of DORMOUSE_DATABASE_URL.",
    "3D": "The database {name} does not exist; create it or correct DORMOUSE_DATABASE_URL.",
    "40": "The database {name} gave way to another writer; try again.",
    "42P01": "The database {name} has no tables of this version; run `dormouse migrate`.",
    "42703": "The database {name} has no tables of this version; run `dormouse migrate`.",
    "53": "The database {name} has run out of room or connections; free some there.",
    "55P03": "The database {name} is locked by another program; try again.",
    "57P": "The database {name} is stopping or starting; try again.",
}

_NO_ANSWER: Final = _POSTGRESQL["08"]
_NO_TABLES: Final = _POSTGRESQL["42P01"]
_BUSY: Final = "The database {name} is busy: no connection came free in time; try again."
#: What PostgreSQL says of a text that no column can hold.
_UNSTORABLE: Final = ("22021", "22P05")


def explain(error: Exception, url: URL) -> DormouseError | None:
    """What `error` means to the caller, or None when it is a mistake in our own code."""
    if isinstance(error, PoolTimeout):
        sentence: str | None = _BUSY
    elif isinstance(error, DBAPIError):
        if _sqlstate(error) in _UNSTORABLE:
            return Invalid("A text holds a NUL or half a character; remove it.")
        sentence = _about(error)
    else:
        sentence = _NO_ANSWER if isinstance(error, OSError) else None
    return Unavailable(sentence.format(name=name_of(url))) if sentence else None


@contextmanager
def explained(url: URL, *, connected: bool = False) -> Iterator[None]:
    """Raise what `explain` says in the place of a failure of the database at `url`.

    Once `connected`, an OSError is the caller's own: the driver wraps the database's.
    """
    try:
        yield
    except Exception as error:
        if connected and isinstance(error, OSError):
            raise
        if reason := explain(error, url):
            raise reason from error
        raise


def is_locked(error: DBAPIError) -> bool:
    """True when SQLite refused because another connection holds the lock."""
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith("SQLITE_BUSY")


def name_of(url: URL) -> str:
    """The database as people may see it: a file's path, or host and database; no password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} on {url.host or 'localhost'}"


def _about(error: DBAPIError) -> str | None:
    if sqlite := getattr(error.orig, "sqlite_errorname", None):
        if str(error.orig).startswith(("no such table", "no such column")):
            return _NO_TABLES
        return _first(_SQLITE, sqlite)
    if sqlstate := _sqlstate(error):
        return _first(_POSTGRESQL, sqlstate)
    return _NO_ANSWER if error.connection_invalidated else None


def _sqlstate(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _first(sentences: Mapping[str, str], code: str) -> str | None:
    return next((words for start, words in sentences.items() if code.startswith(start)), None)
