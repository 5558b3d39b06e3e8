"""Amounts of money, as events tell them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

#: What a price column holds: fourteen digits, four of them behind the point.
_SMALLEST: Final = Decimal("0.0001")
_LARGEST: Final = Decimal(10) ** 10 - 1
#: ISO 4217.
_CURRENCY: Final = re.compile("[A-Za-z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Price:
    """An amount; in the shop's own currency when none is told."""

    amount: Decimal
    currency: str | None = None


def money(value: Any) -> Decimal | None:
    """An amount, exactly; None when it is none that a price column can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return amount.quantize(_SMALLEST) if amount.is_finite() and abs(amount) < _LARGEST else None


def currency_in(properties: Mapping[str, Any]) -> str | None:
    """The currency that an event names, in capitals."""
    code = properties.get("currency")
    named = code.strip() if isinstance(code, str) else ""
    return named.upper() if _CURRENCY.fullmatch(named) else None
