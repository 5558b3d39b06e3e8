"""Products as shops send them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from api.errors import Place
from domain.products import Product, ProductKind
from store import tables
from store.products import learned_fields


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
ProductIds = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=100)]


def _no_boolean(value: object) -> object:
    """Pydantic would take `false` for 0: sold out."""
    if isinstance(value, bool):
        raise ValueError("Input should be a number")  # noqa: TRY004 - what pydantic reports
    return value


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
    compare_at_price: Decimal | None = Field(
        None,
        ge=0,
        max_digits=14,
        decimal_places=4,
        description="What it costs otherwise. Shown beside a lower `price`.",
        examples=["15.00"],
    )
    currency: str | None = Field(
        None,
        pattern="^[A-Z]{3}$",
        description="Of both prices; the shop's own unless told.",
        examples=["EUR"],
    )
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
    daily_use: Decimal | None = Field(
        None,
        gt=0,
        max_digits=14,
        decimal_places=4,
        description="Pieces that one customer uses up in a day, of a consumable.",
        examples=["2"],
    )
    stock: Annotated[int | None, BeforeValidator(_no_boolean)] = Field(
        None,
        ge=0,
        lt=2**31,
        description="Pieces left. None left means sold out, unless `available` says otherwise.",
        examples=[7],
    )
    available: bool | None = Field(
        None,
        strict=True,
        description="Whether it can be bought now, for shops that do not count or that take"
        " orders beyond their stock.",
    )
    complements: ProductIds = Field(
        [],
        description="Ids of products that go with it, best first; recommended before what is"
        " found to be bought together.",
        examples=[["saucer-blue"]],
    )
    upgrades: ProductIds = Field(
        [], description="Ids of better versions of it.", examples=[["mug-gold"]]
    )

    @property
    def product(self) -> Product:
        """The product, as the engine knows it."""
        lists = {"complements": tuple(self.complements), "upgrades": tuple(self.upgrades)}
        return Product(**{**dict(self), **lists})


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


_ProductList = Annotated[list[ProductRequest], Field(min_length=1, max_length=1_000)]
#: One product or several, as they came: each is judged by itself later.
Products = Annotated[
    list[Any],
    Field(min_length=1, max_length=1_000),
    BeforeValidator(_listed, json_schema_input_type=ProductRequest | _ProductList),
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


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


Amount = Annotated[Decimal, PlainSerializer(_plain, return_type=str)]


class ProductView(BaseModel):
    """A product as mails show it: in the shop's own words, else in those of its events."""

    id: str = Field(examples=["mug-blue"])
    title: str | None = Field(examples=["Blue mug"])
    category: str | None = Field(examples=["Kitchen"])
    price: Amount | None = Field(examples=["12.5"])
    compare_at_price: Amount | None = Field(examples=["15"])
    currency: str | None = Field(examples=["EUR"])
    image_url: str | None = Field(examples=["https://shop.example/mug-blue.jpg"])
    url: str | None = Field(examples=["https://shop.example/mug-blue"])
    kind: ProductKind | None
    daily_use: Amount | None = Field(examples=["2"])
    stock: int | None = Field(examples=[7])
    available: bool | None
    complements: list[str] = Field(examples=[["saucer-blue"]])
    upgrades: list[str] = Field(examples=[["mug-gold"]])
    learned: list[str] = Field(
        description="The fields that events told, since the shop does not say them.",
        examples=[["image_url"]],
    )
    added_at: datetime | None = Field(description="When it was first heard of.")
    updated_at: datetime = Field(
        description="When the shop last described it; until it does, when an event last told of it."
    )
    discontinued_at: datetime | None = Field(
        description="When the shop took it out of its catalogue."
    )

    @classmethod
    def of(cls, row: tables.Product) -> Self:
        """The product in this row."""
        plain = cls.model_fields.keys() - {"learned", "upgrades"}
        return cls(
            **{name: getattr(row, name) for name in plain},
            upgrades=row.upgrades or [],
            learned=learned_fields(row),
        )
