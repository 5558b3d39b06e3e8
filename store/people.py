"""Finding and joining people while events are taken in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlmodel import SQLModel, col

from domain.journeys import OVER
from store import tables
from store.drivers import Row
from store.queries import Query, json_of, moment_in, object_in
from store.rows import Addition, Change
from store.sessions import AsyncSession
from store.statements import write
from store.upserts import table_of
from store.writes import Writes

#: A person's id outside: (`user` or `anonymous`, the id).
Name = tuple[str, str]
_OWNED: Final[Sequence[type[SQLModel]]] = (
    tables.Event,
    tables.Message,
    tables.ConsentChange,
    tables.Order,
    tables.Identity,
)


@dataclass(slots=True)
class Person:
    """A customer as the intake knows them: all that is on record, apart from the session.

    A group has hundreds of them. What changes is written at its end, for all at once.
    """

    id: str
    external_id: str | None = None
    email: str | None = None
    email_key: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    country: str | None = None
    bought_kind: str | None = None
    birthday: date | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    consents: dict[str, list[str]] = field(default_factory=dict)
    pending: dict[str, list[str]] = field(default_factory=dict)
    #: Event name → when it last happened (ISO 8601).
    latest: dict[str, str] = field(default_factory=dict)
    last_active_at: datetime | None = None
    last_ordered_at: datetime | None = None
    #: Merged into somebody else, or erased.
    is_gone: bool = False

    @property
    def has_address(self) -> bool:
        """Whether we know where to write to them."""
        return self.email is not None


#: In the order of a person's fields.
_PERSON: Final = """
    id, external_id, email, email_key, phone, first_name, last_name, locale, timezone, country,
    bought_kind, birthday, CAST(attributes AS text), CAST(consents AS text),
    CAST(pending AS text), CAST(latest AS text), last_active_at, last_ordered_at,
    merged_into IS NOT NULL OR erased_at IS NOT NULL
"""
_PEOPLE: Final = Query(f"SELECT {_PERSON} FROM customer WHERE id {{in_1}} {{customers_locked}}")  # noqa: S608 - our own words
_OWNERS: Final = Query(
    f"""
    SELECT kind, value, {_PERSON} FROM identity JOIN customer ON customer.id = identity.customer_id
    WHERE kind = 'user' AND value {{in_1}} OR kind = 'anonymous' AND value {{in_2}}
    {{customers_locked}}
    """  # noqa: S608 - our own words
)
_NEW_PEOPLE: Final = Addition(
    "customer",
    {
        **dict.fromkeys(("id", "external_id"), "text"),
        "created_at": "timestamptz",
        **dict.fromkeys(("attributes", "consents", "pending", "latest"), "jsonb"),
        "last_active_at": "timestamptz",
    },
)
_NAME: Final = dict.fromkeys(("kind", "value", "customer_id"), "text")
_NEW_NAMES: Final = Addition("identity", _NAME, then="ON CONFLICT (kind, value) DO NOTHING")
_NAMES: Final = Addition(
    "identity",
    _NAME,
    then="ON CONFLICT (kind, value) DO UPDATE SET customer_id = excluded.customer_id",
)
_OBJECTS: Final = ("attributes", "consents", "pending", "latest")
#: What the intake learns of a person, apart from their ids.
_LEARNED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("email", "email_key", "phone", "first_name", "last_name"), "text"),
    **dict.fromkeys(("locale", "timezone", "country", "bought_kind"), "text"),
    "birthday": "date",
    **dict.fromkeys(_OBJECTS, "jsonb"),
    **dict.fromkeys(("last_active_at", "last_ordered_at"), "timestamptz"),
}
_PEOPLE_NOW: Final = Change("customer", _LEARNED, key="id")
_MOMENTS: Final = Change("customer", {"latest": "jsonb", "last_active_at": "timestamptz"}, key="id")
_CUSTOMER: Final = table_of(tables.Customer)
_CLAIM: Final = (
    update(_CUSTOMER)
    .where(_CUSTOMER.c.id == bindparam("ours"))
    .values(external_id=bindparam("theirs"))
)


async def locked_owners(
    session: AsyncSession, names: Collection[Name]
) -> tuple[dict[Name, str], dict[str, Person]]:
    """Whose each of these names is, as far as they are known, and these customers by our own ids.

    They are locked as by `locked_customers`.
    """
    await session.flush()
    users = [value for kind, value in names if kind == "user"]
    visitors = [value for kind, value in names if kind == "anonymous"]
    owners: dict[Name, str] = {}
    people: dict[str, Person] = {}
    for kind, value, *row in await _OWNERS.rows(session, users, visitors):
        owners[kind, value] = row[0]
        if row[0] not in people:
            people[row[0]] = _person(row)
    return owners, people


async def locked_people(session: AsyncSession, ids: Collection[str]) -> dict[str, Person]:
    """These customers, locked as by `locked_customers`."""
    if not ids:
        return {}
    await session.flush()
    return {row[0]: _person(row) for row in await _PEOPLE.rows(session, sorted(ids))}


def _person(row: Sequence[Any]) -> Person:
    texts, more = row[:11], row[11:]
    birthday, attributes, consents, pending, latest, active_at, ordered_at, is_gone = more
    read: tuple[Any, ...] = (
        date.fromisoformat(birthday) if isinstance(birthday, str) else birthday,
        object_in(attributes),
        object_in(consents),
        object_in(pending),
        object_in(latest),
        moment_in(active_at),
        moment_in(ordered_at),
        bool(is_gone),
    )
    return Person(*texts, *read)


def add_people(writes: Writes, people: Iterable[tuple[Person, datetime]]) -> None:
    """Write customers, each with since when we know that they exist.

    Of them nothing is known yet but by whom they may be called, and when they did what.
    """
    rows = [
        (person.id, person.external_id, created_at, "{}", "{}", "{}", *_moments(person))
        for person, created_at in people
    ]
    writes.add(_NEW_PEOPLE, rows)


async def claim(session: AsyncSession, external_ids: Mapping[str, str]) -> None:
    """Let visitors become users of the shop: our own id → the shop's."""
    rows = [{"ours": ours, "theirs": theirs} for ours, theirs in sorted(external_ids.items())]
    await write(session, _CLAIM, rows)


def write_people(writes: Writes, people: Iterable[Person]) -> None:
    """Write down what was learned of these customers."""
    writes.change(_PEOPLE_NOW, [_learned(person) for person in people])


def _learned(person: Person) -> Row:
    told = (getattr(person, name) for name in _LEARNED)
    texts = (json_of(value) if isinstance(value, dict) else value for value in told)
    return (*texts, person.id)


def write_moments(writes: Writes, people: Collection[Person]) -> None:
    """Write down when these customers last did what, and nothing else."""
    writes.change(_MOMENTS, [(*_moments(person), person.id) for person in people])


def _moments(person: Person) -> Row:
    return json_of(person.latest), person.last_active_at


async def locked_customers(
    session: AsyncSession, ids: Collection[str]
) -> dict[str, tables.Customer]:
    """These customers as they are now, locked against every other intake and claim.

    The locks last until the transaction ends; the order of ids keeps two from waiting for each
    other.
    """
    customer = tables.Customer
    found = await session.scalars(
        select(customer)
        .where(col(customer.id).in_(sorted(ids)))
        .order_by(col(customer.id))
        .with_for_update(key_share=True)  # nobody's rows that refer to them have to wait
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


def name_customers(writes: Writes, names: Mapping[Name, str], *, unowned: Collection[Name]) -> None:
    """Let customers be known by these names from now on.

    A name that was `unowned` must still be so: it is Overtaken when somebody got it meanwhile.
    The others change hands.
    """
    new: list[Row] = []
    passed_on: list[Row] = []
    for name, customer_id in sorted(names.items()):
        (new if name in unowned else passed_on).append((*name, customer_id))
    writes.add_new(_NEW_NAMES, new)
    writes.add(_NAMES, passed_on)


async def move_belongings(
    session: AsyncSession, *, loser: str, survivor: str, without_runs: Iterable[str]
) -> None:
    """Give everything of `loser` to `survivor`, but for the runs named."""
    for table in _OWNED:
        await session.execute(
            update(table).where(_owner(table) == loser).values(customer_id=survivor)
        )
    await session.execute(
        update(tables.Run)
        .where(col(tables.Run.customer_id) == loser)
        .where(col(tables.Run.id).not_in(list(without_runs)))
        .values(customer_id=survivor)
    )


async def runs_in_conflict(session: AsyncSession, *, loser: str, survivor: str) -> list[str]:
    """The active runs of `loser` for which `survivor` has one too."""
    run = tables.Run
    found = await session.execute(
        select(col(run.id), col(run.customer_id), col(run.journey), col(run.key))
        .where(col(run.customer_id).in_([loser, survivor]))
        .where(col(run.status).not_in(OVER))
    )
    rows = found.all()
    taken = {(row.journey, row.key) for row in rows if row.customer_id == survivor}
    return [row.id for row in rows if row.customer_id == loser and (row.journey, row.key) in taken]


def _owner(table: type[SQLModel]) -> Any:
    return table.__table__.c.customer_id  # type: ignore[attr-defined]
