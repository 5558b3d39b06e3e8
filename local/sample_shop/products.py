"""What the sample shop sells."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.products import ProductKind

SOFT, HARD, CONSUMABLE = ProductKind.SOFT, ProductKind.HARD, ProductKind.CONSUMABLE
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class SampleProduct:
    """One product of the sample shop."""

    id: str
    title: str
    category: str
    kind: ProductKind
    price: Decimal
    stock: int
    complements: tuple[str, ...] = ()

    def described(self, shop_url: str) -> dict[str, Any]:
        """The product as the catalogue takes it."""
        return {
            "id": self.id,
            "title": self.title,
            "category": self.category,
            "kind": self.kind.value,
            "price": str(self.price),
            "currency": CURRENCY,
            "stock": self.stock,
            "url": f"{shop_url}/products/{self.id}",
            "image_url": f"{shop_url}/images/{self.id}.jpg",
            "complements": list(self.complements),
        }

    def in_event(self, shop_url: str, *, quantity: int = 1) -> dict[str, Any]:
        """The product as Segment's events name it."""
        return {
            "product_id": self.id,
            "sku": self.id.upper(),
            "name": self.title,
            "category": self.category,
            "price": float(self.price),
            "currency": CURRENCY,
            "quantity": quantity,
            "url": f"{shop_url}/products/{self.id}",
            "image_url": f"{shop_url}/images/{self.id}.jpg",
        }


def _sold(category: str, kind: ProductKind, *rows: tuple[Any, ...]) -> tuple[SampleProduct, ...]:
    return tuple(
        SampleProduct(
            id=product_id,
            title=title,
            category=category,
            kind=kind,
            price=Decimal(price),
            stock=stock,
            complements=tuple(complements),
        )
        for product_id, title, price, stock, *complements in rows
    )


_TENTS = _sold(
    "Tents",
    HARD,
    ("tent-hazel-2", "Hazel 2 trekking tent", "289.00", 14, "footprint-2", "peg-set", "lantern"),
    ("tent-hazel-3", "Hazel 3 family tent", "379.00", 3, "footprint-3", "peg-set", "lantern"),
    ("tent-solo", "Fern solo tent", "219.00", 21, "peg-set", "mat-ultralight"),
    ("tarp-moss", "Moss tarp, 3 × 3 m", "89.00", 40, "peg-set", "cord-reflective"),
    ("footprint-2", "Footprint for Hazel 2", "39.00", 60),
    ("footprint-3", "Footprint for Hazel 3", "45.00", 52),
    ("peg-set", "Set of 10 aluminium pegs", "18.50", 200, "cord-reflective"),
    ("cord-reflective", "Reflective cord, 20 m", "9.90", 150),
)
_SLEEPING = _sold(
    "Sleeping",
    HARD,
    ("bag-dormouse-0", "Dormouse down bag, 0 °C", "249.00", 9, "liner-silk", "mat-ultralight"),
    ("bag-dormouse-10", "Dormouse winter bag, −10 °C", "329.00", 4, "liner-silk", "mat-alpine"),
    ("mat-ultralight", "Ultralight sleeping mat", "119.00", 33, "pillow"),
    ("mat-alpine", "Alpine insulated mat", "149.00", 17, "pillow"),
    ("liner-silk", "Silk sleeping bag liner", "59.00", 45),
    ("pillow", "Inflatable pillow", "24.90", 80),
)
_PACKS = _sold(
    "Packs",
    HARD,
    ("pack-beech-28", "Beech 28 day pack", "99.00", 26, "rain-cover", "bottle-steel"),
    ("pack-beech-50", "Beech 50 trekking pack", "179.00", 12, "rain-cover", "bottle-steel"),
    ("pack-oak-65", "Oak 65 expedition pack", "239.00", 2, "rain-cover", "dry-bags"),
    ("rain-cover", "Rain cover for packs", "22.00", 90),
    ("dry-bags", "Set of 3 dry bags", "29.00", 75),
)
_KITCHEN = _sold(
    "Kitchen",
    HARD,
    ("stove-ember", "Ember gas stove", "49.00", 30, "gas-230", "pot-titan", "spork"),
    ("pot-titan", "Titanium pot, 0.9 l", "54.00", 25, "spork"),
    ("spork", "Long titanium spork", "11.90", 140),
    ("bottle-steel", "Insulated steel bottle, 1 l", "34.00", 66),
)
_LIGHT = _sold(
    "Light",
    HARD,
    ("headlamp-glow", "Glow 400 head lamp", "44.00", 48, "battery-pack"),
    ("lantern", "Firefly tent lantern", "32.00", 37, "battery-pack"),
    ("battery-pack", "Solar battery pack, 10 Ah", "69.00", 19),
)
_CLOTHING = _sold(
    "Clothing",
    SOFT,
    ("jacket-drizzle", "Drizzle rain jacket", "159.00", 18, "trousers-drizzle", "wash-proof"),
    ("trousers-drizzle", "Drizzle rain trousers", "99.00", 22, "wash-proof"),
    ("fleece-moss", "Moss fleece jacket", "89.00", 41, "beanie"),
    ("shirt-merino", "Merino shirt", "69.00", 58, "socks-merino", "wash-wool"),
    ("socks-merino", "Merino hiking socks, 2 pairs", "27.90", 120, "wash-wool"),
    ("beanie", "Wool beanie", "29.00", 64),
)
_FOOTWEAR = _sold(
    "Footwear",
    SOFT,
    ("boots-ridge", "Ridge hiking boots", "189.00", 8, "socks-merino", "wax-leather"),
    ("shoes-trail", "Trail running shoes", "129.00", 16, "socks-merino"),
    ("gaiters", "Low trail gaiters", "34.00", 28),
)
_SUPPLIES = _sold(
    "Supplies",
    CONSUMABLE,
    ("gas-230", "Gas cartridge, 230 g", "7.90", 300),
    ("meal-chili", "Trail meal: bean chili, 6 pieces", "47.00", 70, "bars-oat", "gas-230"),
    ("meal-curry", "Trail meal: lentil curry, 6 pieces", "47.00", 65, "bars-oat", "gas-230"),
    ("bars-oat", "Oat and hazelnut bars, 12 pieces", "23.90", 180, "coffee"),
    ("coffee", "Camp coffee, 20 filters", "16.90", 110, "bars-oat"),
    ("wax-leather", "Leather wax", "12.90", 95),
    ("wash-proof", "Wash-in waterproofing", "17.90", 85),
    ("wash-wool", "Wool wash", "11.90", 88),
    ("sunscreen", "Sun cream, factor 50", "14.90", 130),
)

PRODUCTS: Mapping[str, SampleProduct] = {
    product.id: product
    for shelf in (
        _TENTS,
        _SLEEPING,
        _PACKS,
        _KITCHEN,
        _LIGHT,
        _CLOTHING,
        _FOOTWEAR,
        _SUPPLIES,
    )
    for product in shelf
}
