"""Conclusions: what became of claimed messages, many in one statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.messages import RANK, MessageStatus
from store.queries import json_of, text_of
from store.sessions import AsyncSession, driver_of

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


class _Conclusions:
    """The statement in the words of both databases, prepared once."""

    def __init__(self) -> None:
        fields = ", ".join(
            f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(_TOLD)
        )
        told = f"SELECT {fields} FROM json_each(?)"  # noqa: S608 - ours alone
        self._sqlite = _concluding(f"({told}) AS news")
        arrays = ", ".join(f"${n}::{name}[]" for n, name in enumerate(_TOLD.values(), 1))
        self._postgresql = _concluding(f"unnest({arrays}) AS news ({', '.join(_TOLD)})")

    async def record(
        self, session: AsyncSession, news: Mapping[str, Mapping[str, Any]]
    ) -> set[str]:
        """Record the news, by message id; returns those of whom nothing else was known yet."""
        rows = [
            (message, *(news[message].get(name) for name in list(_TOLD)[1:]))
            for message in sorted(news)
        ]
        driver = driver_of(session)
        if driver.is_sqlite:
            told = [[text_of(v) if isinstance(v, datetime) else v for v in row] for row in rows]
            found = await driver.fetch(self._sqlite, (json_of(told),))
        else:
            columns = tuple(map(list, zip(*rows, strict=True)))
            found = await driver.fetch(self._postgresql, columns)
        return {message for (message,) in found}


def _concluding(news: str) -> str:
    known = ", ".join(f"'{status}'" for status in UNREPORTED)
    kept = (f"{name} = coalesce(news.{name}, message.{name})" for name in list(_TOLD)[3:])
    return (
        f"UPDATE message SET status = news.status, held_until = news.held_until, {', '.join(kept)}"  # noqa: S608 - ours alone
        f" FROM {news} WHERE message.id = news.id AND message.status IN ({known})"
        " AND message.to_address IS NOT NULL RETURNING message.id"
    )


CONCLUSIONS: Final = _Conclusions()
