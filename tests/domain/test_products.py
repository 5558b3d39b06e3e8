"""Products: what they are to journeys."""

from datetime import UTC, datetime

import pytest

from domain.products import Product, ProductKind, slowest

SOFT, HARD, CONSUMABLE = ProductKind.SOFT, ProductKind.HARD, ProductKind.CONSUMABLE


class TestASlowestKind:
    @pytest.mark.parametrize(
        ("kinds", "slowest_kind"),
        [
            ([SOFT, HARD, CONSUMABLE, None], HARD),
            ([SOFT, CONSUMABLE, None], CONSUMABLE),
            ([SOFT, None], None),
            ([SOFT, SOFT], SOFT),
            ([], None),
        ],
    )
    def test_is_the_one_that_needs_the_longest(
        self, kinds: list[ProductKind | None], slowest_kind: ProductKind | None
    ) -> None:
        assert slowest(kinds) == slowest_kind


class TestAProductOnSale:
    @pytest.mark.parametrize(
        ("stock", "available", "is_on_sale"),
        [
            (None, None, True),
            (1, None, True),
            (0, None, False),
            (0, True, True),
            (7, False, False),
        ],
    )
    def test_has_stock_unless_the_shop_says_itself_whether_it_is_available(
        self, *, stock: int | None, available: bool | None, is_on_sale: bool
    ) -> None:
        assert Product("mug", stock=stock, available=available).is_on_sale == is_on_sale

    def test_was_not_discontinued(self) -> None:
        gone = datetime(2026, 3, 2, tzinfo=UTC)

        assert not Product("mug", stock=7, discontinued_at=gone).is_on_sale
