"""Finding and joining people while events are taken in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, tuple_, update
from sqlmodel import SQLModel, col

from domain.journeys import OVER
from store import tables
from store.overtaking import Overtaken
from store.sessions import AsyncSession
from store.upserts import add_missing, put

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


async def owners_of(session: AsyncSession, names: Collection[Name]) -> dict[Name, str]:
    """Which customer is known by each of these names; unknown ones are left out."""
    if not names:
        return {}
    identity = tables.Identity
    found = await session.execute(
        select(col(identity.kind), col(identity.value), col(identity.customer_id)).where(
            tuple_(col(identity.kind), col(identity.value)).in_(sorted(names))
        )
    )
    return {(row.kind, row.value): row.customer_id for row in found}


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
