"""Finding and joining people while events are taken in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import SQLModel, col

from domain.journeys import OVER
from store import tables
from store.overtaking import Overtaken
from store.sessions import AsyncSession
from store.statements import any_of, fetch, write
from store.upserts import add_missing, put, table_of

#: A person's id outside: (`user` or `anonymous`, the id).
Name = tuple[str, str]
_NAME: Final = ("kind", "value")

_OWNED: Final[Sequence[type[SQLModel]]] = (
    tables.Event,
    tables.Message,
    tables.ConsentChange,
    tables.Order,
    tables.Identity,
)


@dataclass(slots=True)
class Person:
    """A customer as the intake meets them at the door: who they are, and what they allow.

    The rest of a customer is read for those alone about whom something is told, or follows.
    """

    id: str
    external_id: str | None = None
    has_address: bool = False
    consents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pending: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: Event name → when it last happened (ISO 8601).
    latest: Mapping[str, str] = field(default_factory=dict)
    last_active_at: datetime | None = None
    #: Merged into somebody else, or erased.
    is_gone: bool = False


_CUSTOMER: Final = table_of(tables.Customer)
_IDENTITY: Final = table_of(tables.Identity)
_OWNERS: Final = select(_IDENTITY.c.kind, _IDENTITY.c.value, _IDENTITY.c.customer_id).where(
    (_IDENTITY.c.kind == "user") & _IDENTITY.c.value.in_(any_of("users"))
    | (_IDENTITY.c.kind == "anonymous") & _IDENTITY.c.value.in_(any_of("visitors"))
)
_AT_THE_DOOR: Final = (
    select(
        _CUSTOMER.c.id,
        _CUSTOMER.c.external_id,
        _CUSTOMER.c.email.is_not(None),
        _CUSTOMER.c.consents,
        _CUSTOMER.c.pending,
        _CUSTOMER.c.latest,
        _CUSTOMER.c.last_active_at,
        _CUSTOMER.c.merged_into.is_not(None) | _CUSTOMER.c.erased_at.is_not(None),
    )
    .where(_CUSTOMER.c.id.in_(any_of("ids")))
    .order_by(_CUSTOMER.c.id)
    .with_for_update(key_share=True)
)
_CLAIM: Final = (
    update(_CUSTOMER)
    .where(_CUSTOMER.c.id == bindparam("ours"))
    .values(external_id=bindparam("theirs"))
)
_MOMENTS: Final = (
    update(_CUSTOMER)
    .where(_CUSTOMER.c.id == bindparam("ours"))
    .values(latest=bindparam("noted"), last_active_at=bindparam("active_at"))
)


async def owners_of(session: AsyncSession, names: Collection[Name]) -> dict[Name, str]:
    """Which customer is known by each of these names; unknown ones are left out."""
    users = [value for kind, value in names if kind == "user"]
    visitors = [value for kind, value in names if kind == "anonymous"]
    found = await fetch(session, _OWNERS, users=users, visitors=visitors)
    return {(row.kind, row.value): row.customer_id for row in found}


async def locked_people(session: AsyncSession, ids: Collection[str]) -> dict[str, Person]:
    """These customers at the door, locked as by `locked_customers`."""
    if not ids:
        return {}
    await session.flush()
    return {row[0]: Person(*row) for row in await fetch(session, _AT_THE_DOOR, ids=sorted(ids))}


async def add_people(session: AsyncSession, people: Iterable[tuple[Person, datetime]]) -> None:
    """Write customers of whom nothing is known yet, but since when we know that they exist."""
    nothing: dict[str, Any] = {"attributes": {}, "consents": {}, "pending": {}, "latest": {}}
    rows = [
        {"id": person.id, "external_id": person.external_id, "created_at": created_at, **nothing}
        for person, created_at in people
    ]
    await write(session, insert(_CUSTOMER), rows)


async def claim(session: AsyncSession, external_ids: Mapping[str, str]) -> None:
    """Let visitors become users of the shop: our own id → the shop's."""
    rows = [{"ours": ours, "theirs": theirs} for ours, theirs in sorted(external_ids.items())]
    await write(session, _CLAIM, rows)


async def write_moments(session: AsyncSession, people: Iterable[Person]) -> None:
    """Write down when these customers last did what."""
    rows = [
        {"ours": person.id, "noted": person.latest, "active_at": person.last_active_at}
        for person in sorted(people, key=attrgetter("id"))
    ]
    await write(session, _MOMENTS, rows)


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


async def customers_at_hand(
    session: AsyncSession, ids: Collection[str]
) -> dict[str, tables.Customer]:
    """All that is known of these customers, who are locked already."""
    customer = tables.Customer
    found = await session.scalars(
        select(customer)
        .where(col(customer.id).in_(list(ids)))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


async def name_customers(
    session: AsyncSession, names: Mapping[Name, str], *, unowned: Collection[Name]
) -> None:
    """Let customers be known by these names from now on.

    A name that was `unowned` must still be so: raises Overtaken when somebody got it meanwhile.
    The others change hands.
    """
    new: list[dict[str, str]] = []
    passed_on: list[dict[str, str]] = []
    for name, customer_id in sorted(names.items()):
        row = {"kind": name[0], "value": name[1], "customer_id": customer_id}
        (new if name in unowned else passed_on).append(row)
    if len(await add_missing(session, tables.Identity, new, key=_NAME)) < len(new):
        raise Overtaken
    await put(session, tables.Identity, passed_on, key=_NAME, change=["customer_id"])


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
