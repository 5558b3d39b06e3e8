"""Products: the shop's catalogue, as mails show it."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query
from pydantic import TypeAdapter, ValidationError

from api.dependencies import (
    DatabaseDep,
    Ingesting,
    Managing,
    Reading,
    ServicesDep,
    SessionDep,
)
from api.errors import Place, Problem, places
from api.json_bodies import JsonRoute
from api.paging import Page, PageDep
from api.paths import WHICH_CUSTOMER, ProductId
from api.schemas.complements import ComplementsView, ComplementView, RefreshView
from api.schemas.products import ProductBatch, ProductRequest, Products, ProductsKept, ProductView
from dispatch.schedules import REFRESH_COMPLEMENTS
from domain.errors import NotFound
from domain.products import Product
from store.customers import customer_by_any_id
from store.explaining import explain_complements
from store.products import (
    as_product,
    describe_products,
    discontinue,
    find_product,
    list_products,
)
from store.sessions import AsyncSession, Database

router = APIRouter(prefix="/v1/products", tags=["Products"], route_class=JsonRoute)
complements_router = APIRouter(prefix="/v1/complements", tags=["Products"], route_class=JsonRoute)

_BEHIND: Final = TypeAdapter(tuple[str])


@router.put("", summary="Describe products")
async def describe(
    _caller: Ingesting,
    products: Annotated[Products, Body()],
    database: DatabaseDep,
) -> ProductsKept:
    """Keep one product or a list of them, each in the place of what was said of it before.

    What is not said here stays as events tell it.
    """
    return await _keep(database, products)


@router.post("/batch", summary="Describe many products")
async def describe_many(
    _caller: Ingesting, batch: ProductBatch, database: DatabaseDep
) -> ProductsKept:
    """Keep up to 1,000 products. A bad one is reported by its index; the good ones are kept."""
    return await _keep(database, batch.products)


@router.get("", summary="List products")
async def products(_caller: Reading, session: SessionDep, page: PageDep) -> Page[ProductView]:
    """Products by their ids, those that were discontinued among them."""
    behind = page.behind(_BEHIND)
    after = behind[0] if behind else None
    found = await list_products(session, after=after, limit=page.fetch)
    return page.page(found, key=lambda row: (row.id,), show=ProductView.of)


@router.get("/{product_id:product}/complements", summary="Explain recommendations")
async def complements(
    _caller: Reading,
    product_id: ProductId,
    services: ServicesDep,
    session: SessionDep,
    customer_id: Annotated[
        str | None,
        Query(description=f"As a mail to this customer would have it. {WHICH_CUSTOMER}"),
    ] = None,
) -> ComplementsView:
    """What mails recommend beside a product and why, and what they leave out and why.

    What the shop configured comes first, then what its own orders of late held together.
    """
    row = await find_product(session, product_id)
    if row is None:
        raise _unknown(product_id)
    customer = await _customer(session, customer_id) if customer_id is not None else None
    rules, now = services.settings.togetherness, datetime.now(UTC)
    since = now - services.settings.pace.of(rules.within)
    judged = await explain_complements(
        session, as_product(row), rules, since=since, now=now, customer_id=customer
    )
    return ComplementsView(
        product_id=product_id,
        recommended=[one.candidate.product_id for one in judged if not one.left_out],
        items=[ComplementView.of(one) for one in judged],
        rules=rules,
    )


@complements_router.post("/refresh", summary="Count what is bought together", status_code=202)
async def refresh_complements(_caller: Managing, services: ServicesDep) -> RefreshView:
    """Have it counted now instead of tonight; it takes seconds. A count under way goes on."""
    await services.control.refresh_complements()
    ui, namespace = services.settings.ui_url, services.temporal_namespace
    url = f"{ui}/namespaces/{namespace}/schedules/{REFRESH_COMPLEMENTS}"
    return RefreshView(schedule=REFRESH_COMPLEMENTS, temporal_url=url)


async def _customer(session: AsyncSession, any_id: str) -> str:
    customer = await customer_by_any_id(session, any_id)
    if customer is None:
        raise NotFound(f"No customer {any_id!r} is known; send an identify call first.")
    return customer.id


@router.get("/{product_id:product}", summary="Show a product")
async def product(_caller: Reading, product_id: ProductId, session: SessionDep) -> ProductView:
    """One product as mails show it."""
    found = await find_product(session, product_id)
    if found is None:
        raise _unknown(product_id)
    return ProductView.of(found)


@router.delete("/{product_id:product}", summary="Discontinue a product", status_code=204)
async def discontinue_product(
    _caller: Ingesting, product_id: ProductId, database: DatabaseDep
) -> None:
    """Take a product out of the catalogue, until it is described again.

    No mail recommends it or reminds of it any more; what was sent stays as it was.
    """
    async with database.writing() as session:
        if not await discontinue(session, product_id, now=datetime.now(UTC)):
            raise _unknown(product_id)


def _unknown(product_id: str) -> NotFound:
    return NotFound(f"There is no product {product_id!r}; GET /v1/products lists them.")


async def _keep(database: Database, given: list[Any]) -> ProductsKept:
    products, rejected = _read(given)
    if not products:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid",
            f"No product was kept: {rejected[0].field}: {rejected[0].message}.",
            errors=[place.model_dump() for place in rejected],
        )
    async with database.writing() as session:
        await describe_products(session, products, now=datetime.now(UTC))
    return ProductsKept(kept=len(products), rejected=rejected)


def _read(given: list[Any]) -> tuple[list[Product], list[Place]]:
    products: list[Product] = []
    rejected: list[Place] = []
    for index, item in enumerate(given):
        try:
            products.append(ProductRequest.model_validate(item).product)
        except ValidationError as error:
            rejected += [Place(index=index, **place) for place in places(error.errors())]
    return products, rejected
