"""Failures of the database, told in one sentence with the cure."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from asyncpg.exceptions import ClientConfigurationError, TargetServerAttributeNotMatched
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import DormouseError, Invalid, Unavailable
from store.overtaking import Overtaken

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
    "25006": "The database {name} is read-only; write to the primary server, not to a standby.",
    "28": "The database {name} refuses the user or password of DORMOUSE_DATABASE_URL.",
    "3D": "The database {name} does not exist; create it or correct DORMOUSE_DATABASE_URL.",
    "42501": "The database {name} does not let the user of DORMOUSE_DATABASE_URL do this; grant it"
    " the rights on its tables.",
    "42P01": "The database {name} has no tables of this version; run `dormouse migrate`.",
    "42703": "The database {name} has no tables of this version; run `dormouse migrate`.",
    "53": "The database {name} has run out of room or connections; free some there.",
    "55P03": "The database {name} is locked by another program; try again.",
    "57014": "The database {name} took too long for one statement; look at what keeps it busy.",
    "57P": "The database {name} is stopping or starting; try again.",
}
#: PostgreSQL's SQLSTATE codes for a transaction that gave way to another: it may be done again.
_GAVE_WAY: Final = ("40001", "40P01")

_NO_ANSWER: Final = _POSTGRESQL["08"]
_NOT_TRUSTED: Final = (
    "The database {name} shows a certificate that is not trusted for it; check the host and"
    " sslrootcert in DORMOUSE_DATABASE_URL."
)
_NO_TLS: Final = (
    "The database {name} does not encrypt connections; turn on TLS there, or take sslmode out of"
    " DORMOUSE_DATABASE_URL."
)
_NO_TABLES: Final = _POSTGRESQL["42P01"]
_BUSY: Final = "The database {name} is busy: no connection came free in time; try again."
_POOLED: Final = (
    "A pooler stands before the database {name}; add pgbouncer=true to DORMOUSE_DATABASE_URL."
)
_WRONG_URL: Final = "The database {name} cannot be reached as DORMOUSE_DATABASE_URL says: {reason}."
#: What PostgreSQL says of a text that no column can hold.
_UNSTORABLE: Final = ("22021", "22P05")


def explain(error: Exception, url: URL) -> DormouseError | None:
    """What `error` means to the caller, or None when it is a mistake in our own code."""
    if isinstance(error, PoolTimeout):
        sentence: str | None = _BUSY
    elif isinstance(error, DBAPIError):
        if _sqlstate(error) in _UNSTORABLE or _is_unencodable(error.orig):
            return Invalid("A text holds a NUL or half a character; remove it.")
        if _sqlstate(error) in _GAVE_WAY:
            return Overtaken()
        sentence = _about(error)
    else:
        sentence = _unreachable(error)
    if sentence is None:
        return None
    return Unavailable(sentence.format(name=name_of(url), reason=_cause(error)))


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


def no_answer_from(url: URL) -> Unavailable:
    """The error that says so."""
    return Unavailable(_NO_ANSWER.format(name=name_of(url)))


def is_locked(error: DBAPIError) -> bool:
    """True when SQLite refused because another connection holds the lock."""
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith("SQLITE_BUSY")


def is_held(error: DBAPIError) -> bool:
    """True when PostgreSQL refused because another transaction held the lock, or was first."""
    return _sqlstate(error) in {"55P03", *_GAVE_WAY}


def name_of(url: URL) -> str:
    """The database as people may see it: a file's path, or host and database; no password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database} on {url.host or url.query.get('host', 'localhost')}"


def _about(error: DBAPIError) -> str | None:
    if sqlite := getattr(error.orig, "sqlite_errorname", None):
        if str(error.orig).startswith(("no such table", "no such column")):
            return _NO_TABLES
        return _first(_SQLITE, sqlite)
    if "unsupported startup parameter" in str(error.orig):
        return _POOLED
    if sqlstate := _sqlstate(error):
        return _first(_POSTGRESQL, sqlstate)
    if isinstance(_cause(error), ClientConfigurationError | TargetServerAttributeNotMatched):
        return _WRONG_URL
    return _NO_ANSWER if error.connection_invalidated else None


def _is_unencodable(error: BaseException | None) -> bool:
    """Whether a driver could not write a text in UTF-8."""
    while error is not None and not isinstance(error, UnicodeEncodeError):
        error = error.__cause__
    return error is not None


def _cause(error: Exception) -> BaseException | None:
    """What the driver itself raised."""
    return getattr(getattr(error, "orig", None), "__cause__", None)


def _unreachable(error: Exception) -> str | None:
    """Why no connection came about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _NOT_TRUSTED
    if isinstance(error, ConnectionError) and "SSL" in str(error):
        return _NO_TLS
    return _NO_ANSWER if isinstance(error, OSError) else None


def _sqlstate(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _first(sentences: Mapping[str, str], code: str) -> str | None:
    return next((words for start, words in sentences.items() if code.startswith(start)), None)
