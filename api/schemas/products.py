"""Products as shops send them."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from api.errors import Place
from domain.products import Product, ProductKind


def _or_number(schema: dict[str, Any]) -> None:
    """Say of texts that numbers are taken as well, as their digits; feeds number a lot."""
    for part in schema.values():
        if isinstance(part, dict):
            _or_number(part)
        if isinstance(part, list):
            _or_number({str(place): each for place, each in enumerate(part)})
    if schema.get("type") == "string" and not {"pattern", "enum"} & schema.keys():
        schema["type"] = ["string", "number"]


def _describe(schema: dict[str, Any]) -> None:
    _or_number(schema)
    schema["examples"] = [
        {
            "id": "mug-blue",
            "title": "Blue mug",
            "price": "12.50",
            "currency": "EUR",
            "url": "https://shop.example/mug-blue",
        }
    ]


WebAddress = Annotated[str, Field(max_length=2_000, pattern=r"^https?://\S+$")]


class ProductRequest(BaseModel):
    """A product of the shop's catalogue. What a feed says beyond this is left out."""

    model_config = ConfigDict(
        str_strip_whitespace=True, coerce_numbers_to_str=True, json_schema_extra=_describe
    )

    id: str = Field(
        min_length=1,
        max_length=255,
        validation_alias=AliasChoices("id", "product_id"),
        examples=["mug-blue"],
    )
    title: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        validation_alias=AliasChoices("title", "name"),
        description="Products without one are never shown.",
        examples=["Blue mug"],
    )
    category: str | None = Field(None, max_length=255, examples=["Kitchen"])
    price: Decimal | None = Field(None, ge=0, max_digits=14, decimal_places=4, examples=["12.50"])
    currency: str | None = Field(None, pattern="^[A-Z]{3}$", examples=["EUR"])
    image_url: WebAddress | None = Field(
        None,
        validation_alias=AliasChoices("image_url", "image"),
        examples=["https://shop.example/mug-blue.jpg"],
    )
    url: WebAddress | None = Field(None, examples=["https://shop.example/mug-blue"])
    kind: ProductKind | None = Field(
        None,
        description="How long it lasts: `soft` (clothes, make-up), `hard` (furniture, tools) or"
        " `consumable`. Decides when a review is asked for and when a customer has lapsed.",
    )
    stock: int | None = Field(None, ge=0, lt=2**31, description="Pieces left.", examples=[7])
    complements: list[str] = Field(
        [],
        max_length=100,
        description="Ids of products that go with it, best first.",
        examples=[["saucer-blue"]],
    )

    @property
    def product(self) -> Product:
        """The product, as the engine knows it."""
        return Product(**{**dict(self), "complements": tuple(self.complements)})


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


#: One product or several, as they came: each is judged by itself later.
Products = Annotated[
    list[Any],
    Field(min_length=1, max_length=1_000),
    BeforeValidator(_listed, json_schema_input_type=ProductRequest | list[ProductRequest]),
]


class ProductBatch(BaseModel):
    """Several products at once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"products": [{"id": "mug-blue", "title": "Blue mug"}]}]}
    )

    products: Products


class ProductsKept(BaseModel):
    """The products are kept, safely on disk."""

    kept: int = Field(examples=[2])
    rejected: list[Place] = Field([], description="These were not; the others were.")
