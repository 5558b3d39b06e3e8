"""The shop's catalogue: what the shop says of its products, and what events tell beyond that."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from domain.products import Product, ProductKind, slowest
from store import tables
from store.queries import Query, moment_in, object_in
from store.sessions import AsyncSession
from store.upserts import add_missing, put

#: What events tell too, and the columns that it fills: a price is nothing without its currency.
_TOLD_BY_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title",),
    "category": ("category",),
    "price": ("price", "currency"),
    "image_url": ("image_url",),
    "url": ("url",),
}
_KINDS: Final = Query("SELECT id, kind, category FROM product WHERE id {in_1}")
_USUAL_KINDS: Final = Query(
    "SELECT DISTINCT category, kind FROM product WHERE category {in_1} AND kind IS NOT NULL"
)
_AMOUNTS: Final = ("price", "compare_at_price", "daily_use")
_FOUND: Final = (
    *("id", "title", "category", "currency", "image_url", "url"),
    *("kind", "stock", "available"),
    *_AMOUNTS,
)
_PRODUCTS: Final = Query(
    f"""
    SELECT {", ".join(_FOUND)}, CAST(complements AS text), CAST(upgrades AS text), updated_at,
        discontinued_at
    FROM product WHERE id {{in_1}}
    """  # noqa: S608 - our own words
)
_LISTS: Final = ("complements", "upgrades")
_PLAIN: Final = ("compare_at_price", "kind", "daily_use", "stock", "available")
_COLUMNS: Final = (
    *(column for columns in _TOLD_BY_EVENTS.values() for column in columns),
    *_PLAIN,
    *_LISTS,
    "is_described",
    "described",
    "added_at",
    "updated_at",
    "discontinued_at",
)


def as_product(row: tables.Product) -> Product:
    """The product that a row keeps."""
    plain = {name: getattr(row, name) for name in ("id", "currency", *_TOLD_BY_EVENTS, *_PLAIN)}
    return Product(
        **{**plain, "kind": ProductKind(row.kind) if row.kind else None},
        complements=tuple(row.complements),
        upgrades=tuple(row.upgrades or ()),
        updated_at=row.updated_at,
        discontinued_at=row.discontinued_at,
    )


async def products_known(session: AsyncSession, ids: Collection[str]) -> dict[str, Product]:
    """Those of these products that are known, by their ids."""
    found = map(_told_product, await _PRODUCTS.rows(session, ids))
    return {product.id: product for product in found}


def _told_product(row: Sequence[Any]) -> Product:
    """The product of a row of `_PRODUCTS`."""
    plain, (complements, upgrades, updated_at, gone_at) = row[: len(_FOUND)], row[len(_FOUND) :]
    found = dict(zip(_FOUND, plain, strict=True))
    available, kind = found["available"], found["kind"]
    told: dict[str, Any] = {
        **found,
        **{name: _amount_in(found[name]) for name in _AMOUNTS},
        "kind": ProductKind(kind) if kind else None,
        "available": None if available is None else bool(available),
        "complements": tuple(object_in(complements)),
        "upgrades": tuple((object_in(upgrades) if upgrades else None) or ()),
        "updated_at": moment_in(updated_at),
        "discontinued_at": moment_in(gone_at),
    }
    return Product(**told)


def _amount_in(found: Decimal | float | None) -> Decimal | None:
    """The amount in a column, which SQLite keeps as a number of its own."""
    return found if found is None or isinstance(found, Decimal) else Decimal(f"{found:.4f}")


async def describe_products(
    session: AsyncSession, products: Sequence[Product], *, now: datetime
) -> None:
    """Keep products as the shop describes them, in the place of what it said before.

    What it does not say stays as events told it. A product that was discontinued is sold again.
    """
    latest = {product.id: product for product in products}
    known = await _locked(session, latest)
    rows = [_row(product, known.get(name), now) for name, product in sorted(latest.items())]
    await put(session, tables.Product, rows, key=["id"], change=_COLUMNS)


def _row(product: Product, known: tables.Product | None, now: datetime) -> dict[str, Any]:
    row = {name: getattr(product, name, None) for name in ("id", *_COLUMNS)}
    said = [name for name in _TOLD_BY_EVENTS if row[name] is not None]
    for name in _TOLD_BY_EVENTS.keys() - said:
        if known and name not in (known.described or ()):
            row |= {column: getattr(known, column) for column in _TOLD_BY_EVENTS[name]}
    return row | {
        **{name: list(getattr(product, name)) for name in _LISTS},
        "is_described": True,
        "described": said,
        "added_at": known.added_at if known else now,
        "updated_at": now,
        "discontinued_at": None,
    }


async def learn_products(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what events told of products, each with the moment `at`.

    It never takes the place of the shop's own words; of two events the later one holds.
    """
    if not rows:
        return
    rows = sorted(rows, key=itemgetter("id"))  # so that two writers never wait for each other
    added = await add_missing(session, tables.Product, [_learned(r) for r in rows], key=["id"])
    known = await _locked(session, {row["id"] for row in rows} - {name for (name,) in added})
    for row in rows:
        if product := known.get(row["id"]):
            _learn(product, row)


def _learned(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in told.items() if name != "at"},
        **{name: [] for name in _LISTS},
        "is_described": False,
        "added_at": told["at"],
        "updated_at": told["at"],
    }


def _learn(product: tables.Product, told: Mapping[str, Any]) -> None:
    is_news = product.is_described or told["at"] >= product.updated_at
    for name in _TOLD_BY_EVENTS.keys() - (product.described or ()):
        if told[name] is not None and (is_news or getattr(product, name) is None):
            for column in _TOLD_BY_EVENTS[name]:
                setattr(product, column, told[column])
    if not product.is_described:
        product.updated_at = max(product.updated_at, told["at"])


def learned_fields(product: tables.Product) -> list[str]:
    """What is known of a product by events alone."""
    unsaid = (name for name in _TOLD_BY_EVENTS if name not in (product.described or ()))
    return [name for name in unsaid if getattr(product, name) is not None]


async def discontinue(session: AsyncSession, product_id: str, *, now: datetime) -> bool:
    """Take a product out of the catalogue: nothing recommends it any more. False if unknown."""
    row = (await _locked(session, [product_id])).get(product_id)
    if row is None:
        return False
    row.discontinued_at = row.discontinued_at or now
    return True


async def find_product(session: AsyncSession, product_id: str) -> tables.Product | None:
    """The product with this id."""
    return await session.get(tables.Product, product_id)


async def list_products(
    session: AsyncSession, *, after: str | None, limit: int
) -> list[tables.Product]:
    """Products by their ids, those taken out of the catalogue among them."""
    query = select(tables.Product).order_by(col(tables.Product.id)).limit(limit)
    if after is not None:
        query = query.where(col(tables.Product.id) > after)
    return list(await session.scalars(query))


async def kinds_of(session: AsyncSession, product_ids: Collection[str]) -> dict[str, ProductKind]:
    """The kinds of these products: as the shop told, else as of others of the same category.

    Of several kinds in a category the slowest holds. Products that nothing is known of are missing.
    """
    if not product_ids:
        return {}
    rows = await _KINDS.rows(session, product_ids)
    unsaid = {category for _, kind, category in rows if category and not kind}
    usual = await _kinds_of_categories(session, unsaid)
    kinds = {name: kind or usual.get(category) for name, kind, category in rows}
    return {name: ProductKind(kind) for name, kind in kinds.items() if kind}


async def _kinds_of_categories(
    session: AsyncSession, categories: Collection[str]
) -> dict[str, ProductKind | None]:
    if not categories:
        return {}
    kinds: dict[str, list[ProductKind]] = {}
    for category, kind in await _USUAL_KINDS.rows(session, categories):
        kinds.setdefault(category, []).append(ProductKind(kind))
    return {category: slowest(among) for category, among in kinds.items()}


async def _locked(session: AsyncSession, ids: Collection[str]) -> dict[str, tables.Product]:
    """These products as they are now, locked in the order of their ids."""
    if not ids:
        return {}
    found = await session.scalars(
        select(tables.Product)
        .where(col(tables.Product.id).in_(sorted(ids)))
        .order_by(col(tables.Product.id))
        .with_for_update(key_share=True)
    )
    return {row.id: row for row in found}
