"""Clicks of programs that check the links of a mail."""

from datetime import timedelta

import pytest

from domain.deliveries import DeliveryEvent
from domain.scanners import scanned
from tests.fakes.rows import NOON


def click(name: str, *, after: float, url: str = "https://shop.example/cart") -> DeliveryEvent:
    return DeliveryEvent(name, "clicked", NOON + timedelta(seconds=after), url=url)


class TestAClick:
    @pytest.mark.parametrize(("seconds", "found"), [(0, {"a"}), (9, {"a"}), (10, set())])
    def test_is_a_programs_within_ten_seconds_of_the_delivery(
        self, seconds: int, found: set[str]
    ) -> None:
        assert scanned([click("a", after=seconds)], NOON) == found

    def test_is_a_programs_when_the_delivery_is_reported_as_later(self) -> None:
        assert scanned([click("a", after=-3)], NOON) == {"a"}

    def test_is_a_persons_when_nobody_knows_of_the_delivery(self) -> None:
        assert scanned([click("a", after=0)], None) == set()

    def test_is_a_programs_together_with_another_link_of_the_mail(self) -> None:
        clicks = [
            click("a", after=60),
            click("b", after=62, url="https://shop.example/imprint"),
            click("c", after=65, url="https://shop.example/help"),
        ]

        assert scanned(clicks, NOON) == {"a", "b"}

    def test_is_a_persons_who_clicks_twice(self) -> None:
        assert scanned([click("a", after=60), click("b", after=61)], NOON) == set()


class TestAnotherReport:
    def test_is_never_a_scanners_click(self) -> None:
        opened = DeliveryEvent("a", "opened", NOON)

        assert scanned([opened], NOON) == set()
