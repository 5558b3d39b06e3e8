"""One customer's story: what they did, what we wrote, what became of it, merged by time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, literal, select, tuple_
from sqlmodel import SQLModel, col

from store import tables
from store.columns import UtcDateTime
from store.customers import same_person
from store.sessions import AsyncSession


class Kind(IntEnum):
    """What a moment is about. Of moments at the same instant the higher kind came later."""

    CONSENT = 1
    EVENT = 2
    RUN_ENTERED = 3
    MESSAGE = 4
    DELIVERY = 5
    RUN_ENDED = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a moment stands among all: by time, then kind, then its row's own id."""

    at: datetime
    kind: Kind
    id: str | int


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to, with or because of a customer."""

    place: Place
    #: In words: an event's name, what became of a message, why a run ended.
    title: str
    run_id: str | None = None
    message_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Source:
    kind: Kind
    table: type[SQLModel]
    at: SQLColumnExpression[Any]
    show: Callable[[Place, Any], Moment]


async def timeline(
    session: AsyncSession, customer_id: str, *, after: Place | None, limit: int
) -> list[Moment]:
    """The customer's moments, the latest first; `after` is the place of the last one seen."""
    moments: list[Moment] = []
    for source in _SOURCES:
        query = _query(source, customer_id)
        if after is not None:
            query = query.where(_comes_before(source, after))
        found = await session.execute(query.limit(limit))
        moments += (source.show(Place(at, source.kind, row.id), row) for row, at in found)
    moments.sort(key=_order, reverse=True)
    return moments[:limit]


def _order(moment: Moment) -> tuple[datetime, Kind, str | int]:
    place = moment.place
    return place.at, place.kind, place.id  # ids are compared within one kind only


def _query(source: _Source, customer_id: str) -> Select[Any, datetime]:
    columns: Any = source.table
    person = select(same_person(customer_id).c.id)
    if source.table is tables.DeliveryEvent:
        messages = select(col(tables.Message.id)).where(col(tables.Message.customer_id).in_(person))
        is_theirs = columns.message_id.in_(messages)
    else:
        is_theirs = columns.customer_id.in_(person)
    return (
        select(source.table, source.at)
        .where(is_theirs, source.at.is_not(None))
        .order_by(source.at.desc(), columns.id.desc())
    )


def _comes_before(source: _Source, place: Place) -> ColumnElement[bool]:
    at = literal(place.at, UtcDateTime())
    if source.kind < place.kind:
        return source.at <= at
    if source.kind > place.kind:
        return source.at < at
    columns: Any = source.table
    return tuple_(source.at, columns.id) < tuple_(at, literal(place.id))


def _consent(place: Place, change: tables.ConsentChange) -> Moment:
    verb = "given" if change.granted else "asked for" if change.confirm_until else "withdrawn"
    detail = {"basis": change.basis, "source": change.source, "wording": change.wording}
    title = f"Consent {verb}: {change.topic} by {change.channel}"
    return Moment(place, title, detail=detail)


def _event(place: Place, event: tables.Event) -> Moment:
    return Moment(place, event.name, detail={"properties": event.properties})


def _entered(place: Place, run: tables.Run) -> Moment:
    return Moment(place, f"Entered {run.journey}", run_id=run.id)


def _ended(place: Place, run: tables.Run) -> Moment:
    return Moment(place, f"Left {run.journey}: {run.exit_reason or run.status}", run_id=run.id)


def _message(place: Place, message: tables.Message) -> Moment:
    return Moment(
        place,
        f"Message {message.journey}/{message.step}: {message.status}",
        run_id=message.run_id,
        message_id=message.id,
        detail={"reason": message.reason, "subject": message.subject, "to": message.to_address},
    )


def _delivery(place: Place, report: tables.DeliveryEvent) -> Moment:
    detail = {"provider": report.provider, "machine": report.machine}
    return Moment(place, f"Mail {report.type}", message_id=report.message_id, detail=detail)


_SOURCES: Final = (
    _Source(Kind.CONSENT, tables.ConsentChange, col(tables.ConsentChange.happened_at), _consent),
    _Source(Kind.EVENT, tables.Event, col(tables.Event.happened_at), _event),
    _Source(Kind.RUN_ENTERED, tables.Run, col(tables.Run.entered_at), _entered),
    _Source(
        Kind.MESSAGE,
        tables.Message,
        func.coalesce(col(tables.Message.sent_at), col(tables.Message.created_at)),
        _message,
    ),
    _Source(Kind.DELIVERY, tables.DeliveryEvent, col(tables.DeliveryEvent.happened_at), _delivery),
    _Source(Kind.RUN_ENDED, tables.Run, col(tables.Run.ended_at), _ended),
)
