"""Products: the shop's catalogue, as mails show it."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import ValidationError

from api.dependencies import DatabaseDep, Ingesting
from api.errors import Place, Problem, places
from api.json_bodies import JsonRoute
from api.schemas.products import ProductBatch, ProductRequest, Products, ProductsKept
from domain.products import Product
from store.products import describe_products
from store.sessions import Database

router = APIRouter(prefix="/v1/products", tags=["Products"], route_class=JsonRoute)


@router.put("", summary="Describe products")
async def describe(
    _caller: Ingesting,
    products: Annotated[Products, Body()],
    database: DatabaseDep,
) -> ProductsKept:
    """Keep one product or a list of them, each in the place of what was known by its id."""
    return await _keep(database, products)


@router.post("/batch", summary="Describe many products")
async def describe_many(
    _caller: Ingesting, batch: ProductBatch, database: DatabaseDep
) -> ProductsKept:
    """Keep up to 1,000 products. A bad one is reported by its index; the good ones are kept."""
    return await _keep(database, batch.products)


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
