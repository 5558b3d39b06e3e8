"""What a shop sells: complete and plausible, so that a test names only what matters."""

from decimal import Decimal
from typing import Any

from domain.products import Product


def goods(product_id: str, **changes: Any) -> Product:
    """A product that mails can recommend."""
    known: dict[str, Any] = {
        "title": product_id.title(),
        "price": Decimal(12),
        "url": f"https://shop.example/{product_id}",
    }
    return Product(product_id, **(known | changes))
