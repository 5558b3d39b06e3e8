"""What a migration of a filled PostgreSQL database must not do while a shop is open.

Its statements are judged by what they lock and for how long: each of these would make gateways and
workers wait for as long as the table is large.
"""

import re
from collections.abc import Iterable
from typing import Final

#: Tables that grow with every visitor: rows of these are never changed all at once.
_GROWING: Final = (
    "event|message|message_content|delivery_event|dispatch|run|customer|identity|consent_change"
)
_CREATED: Final = re.compile(r'CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)"?', re.IGNORECASE)
_TABLE: Final = re.compile(
    r'(?:ALTER TABLE(?: ONLY)?(?: IF EXISTS)?|\bON(?: ONLY)?) "?(\w+)"?', re.IGNORECASE
)
_DANGERS: Final = {
    "builds an index while nobody can write: do it concurrently (store.migrations.online)": (
        r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)"
    ),
    "drops an index while nobody can read: do it concurrently (store.migrations.online)": (
        r"DROP INDEX (?!CONCURRENTLY)"
    ),
    "adds a column that old gateways do not fill: give it a server default, or let it be null": (
        r"ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b"
    ),
    "writes the whole table anew: let the default be a constant": (
        r"ADD COLUMN .*\b(DEFAULT \(?\w+\(|CURRENT_TIMESTAMP|SERIAL|BIGSERIAL|GENERATED)"
    ),
    "writes the whole table anew: add another column instead": r"ALTER COLUMN \S+ (SET DATA )?TYPE",
    "reads the whole table while nobody can use it: check NOT VALID, and VALIDATE later": (
        r"ALTER COLUMN \S+ SET NOT NULL"
        r"|ADD (CONSTRAINT \S+ )?(CHECK|FOREIGN KEY)(?!.*\bNOT VALID\b)"
    ),
    "builds an index while nobody can use the table: build it concurrently, then USING INDEX": (
        r"ADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY)(?!.*\bUSING INDEX\b)"
    ),
    "keeps everybody out": r"\b(LOCK TABLE|TRUNCATE|VACUUM FULL|CLUSTER)\b",
    "changes rows by the million in one transaction: let the program do it, piece by piece": (
        rf'^(?!.*\bLIMIT\b)(.*\()?\s*(UPDATE|DELETE FROM) "?({_GROWING})"?\b'
    ),
}


def dangers(statements: Iterable[str]) -> list[str]:
    """What is dangerous in the statements of a migration: "reason: statement".

    Tables that are made on the way are empty: nothing is dangerous to them.
    """
    new: set[str] = set()
    found: list[str] = []
    for statement in statements:
        line = " ".join(statement.split())
        if created := _CREATED.match(line):
            new.add(created[1])
            continue
        table = _TABLE.search(line)
        if table is None or table[1] not in new:
            found += [f"{why}: {line}" for why, what in _DANGERS.items() if _says(what, line)]
    return found


def _says(what: str, line: str) -> bool:
    return re.search(what, line, re.IGNORECASE) is not None
