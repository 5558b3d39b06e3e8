from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from domain.events import BROWSING
from domain.products import ProductKind
from local.pacing import Moment
from local.sample_shop.customers import CUSTOMERS
from local.sample_shop.products import PRODUCTS
from local.sample_shop.stories import SETTINGS, tell
from local.sample_shop.telling import Mail, Telling
from workflows.catalogue import CATALOGUE

MAILS = Path(__file__).parents[2] / "templates" / "mails"
SHOP = "https://shop.example"
#: A mail as the gateway shows it.
SHOWN = {"id": "msg_1", "run_id": "run_1"}


@pytest.fixture
def told() -> Telling:
    return tell(SHOP)


def everything(told: Telling) -> list[Moment]:
    """All that can happen: history, what happens by itself, and every answer."""
    answers = [told.answer_to(mail, SHOWN) for mail in sorted(told.mails_answered, key=str)]
    return [*told.history(), *told.moments(), *(moment for each in answers for moment in each)]


def products_in(message: dict[str, Any]) -> set[str]:
    properties = message.get("properties", {})
    listed = properties.get("products", [])
    named = {product["product_id"] for product in listed}
    return named | ({properties["product_id"]} if "product_id" in properties else set())


class TestTheGoods:
    def test_fill_a_shop(self) -> None:
        assert len(PRODUCTS) >= 30
        assert len({product.category for product in PRODUCTS.values()}) >= 6
        assert {product.kind for product in PRODUCTS.values()} == set(ProductKind)

    def test_name_only_complements_that_are_sold(self) -> None:
        named = {c for product in PRODUCTS.values() for c in product.complements}

        assert named <= PRODUCTS.keys()

    def test_cost_something_and_are_in_stock(self) -> None:
        assert all(product.price > 0 and product.stock > 0 for product in PRODUCTS.values())

    def test_are_described_under_the_shops_address(self) -> None:
        described = PRODUCTS["tent-hazel-2"].described(SHOP)

        assert described == {
            "id": "tent-hazel-2",
            "title": "Hazel 2 trekking tent",
            "category": "Tents",
            "kind": "hard",
            "price": "289.00",
            "currency": "EUR",
            "stock": 14,
            "url": "https://shop.example/products/tent-hazel-2",
            "image_url": "https://shop.example/images/tent-hazel-2.jpg",
            "complements": ["footprint-2", "peg-set", "lantern"],
        }


class TestTheCustomers:
    def test_speak_four_languages(self) -> None:
        languages = Counter(customer.locale[:2] for customer in CUSTOMERS.values())

        assert len(CUSTOMERS) >= 24
        assert set(languages) == {"de", "en", "fr", "tr"}
        assert min(languages.values()) >= 5

    def test_live_where_their_locale_and_time_zone_exist(self) -> None:
        for customer in CUSTOMERS.values():
            assert Locale.parse(customer.locale, sep="-").territory == customer.country
            assert ZoneInfo(customer.timezone)

    def test_have_addresses_that_lead_nowhere(self) -> None:
        assert all(customer.email.endswith("@example.com") for customer in CUSTOMERS.values())

    def test_tell_since_when_unless_they_are_new(self) -> None:
        assert CUSTOMERS["mia"].traits()["createdAt"] == "2024-03-01"
        assert "createdAt" not in CUSTOMERS["nora"].traits()

    def test_agree_to_mail_mostly(self) -> None:
        agreed = Counter(customer.agrees_to_marketing for customer in CUSTOMERS.values())

        assert agreed[True] > agreed[False] > 0


class TestTheStories:
    def test_are_told_the_same_every_time(self) -> None:
        assert everything(tell(SHOP)) == everything(tell(SHOP))

    def test_have_other_ids_in_another_edition(self) -> None:
        first = {moment.message["messageId"] for moment in everything(tell(SHOP))}
        second = {moment.message["messageId"] for moment in everything(tell(SHOP, edition="-2"))}

        assert first.isdisjoint(second)

    def test_give_every_message_an_id_of_its_own(self, told: Telling) -> None:
        ids = [moment.message["messageId"] for moment in everything(told)]

        assert len(set(ids)) == len(ids)

    def test_are_some_hundred_messages(self, told: Telling) -> None:
        assert 250 <= len(everything(told)) <= 600

    def test_speak_of_goods_that_are_sold_and_people_who_are_customers(self, told: Telling) -> None:
        for moment in everything(told):
            message = dict(moment.message)
            assert products_in(message) <= PRODUCTS.keys()
            assert message.get("userId", "lena") in CUSTOMERS

    def test_introduce_customers_of_old_before_anything_else(self, told: Telling) -> None:
        of_old = [customer for customer in CUSTOMERS.values() if not customer.is_new]

        first = told.moments()[: len(of_old) - 1]

        assert {moment.message["type"] for moment in first} == {"identify"}

    def test_let_jonas_browse_before_he_says_who_he_is(self, told: Telling) -> None:
        by_jonas = [m.message for m in told.moments() if "jonas" in m.message["messageId"]]

        assert by_jonas[0]["anonymousId"] == "browser-of-jonas"
        assert "userId" not in by_jonas[0]
        signing_in = next(message for message in by_jonas if message["type"] == "identify")
        assert (signing_in["userId"], signing_in["anonymousId"]) == ("jonas", "browser-of-jonas")

    def test_bring_history_from_before_the_shop_was_connected(self, told: Telling) -> None:
        history = told.history()

        assert {moment.message["userId"] for moment in history} == {
            "sean",
            "emre",
            "lena",
            "defne",
            "george",
        }
        assert all(moment.after < timedelta(days=-20) for moment in history)

    def test_keep_silent_those_who_are_to_be_missed(self, told: Telling) -> None:
        missed = {moment.message["userId"] for moment in told.history()}

        acts = {
            moment.message["userId"]
            for moment in told.moments()
            if moment.message["type"] != "identify" and "userId" in moment.message
        }

        assert missed.isdisjoint(acts)

    def test_answer_only_mails_that_exist(self, told: Telling) -> None:
        for mail in told.mails_answered:
            assert mail.customer in CUSTOMERS
            assert (MAILS / mail.journey / f"{mail.step}.mjml").exists(), mail

    def test_end_within_the_demos_three_weeks(self, told: Telling) -> None:
        assert told.moments()[-1].after < timedelta(days=24)

    def test_deliver_and_refund_only_what_was_ordered(self, told: Telling) -> None:
        ordered: set[str] = set()
        for moment in everything(told):
            message = moment.message
            order_id = message.get("properties", {}).get("order_id")
            if message.get("event") == "Order Completed":
                ordered.add(order_id)
            elif order_id:
                assert order_id in ordered

    def test_show_looks_and_orders_and_reviews_good_and_bad(self, told: Telling) -> None:
        messages = [moment.message for moment in everything(told)]
        events = {message.get("event") for message in messages}
        stars = {
            m["properties"]["rating"] for m in messages if m.get("event") == "Product Reviewed"
        }

        assert set(BROWSING.events) <= events
        assert {"Checkout Started", "Order Refunded", "Email Link Clicked"} <= events
        assert {2, 5} <= stars

    def test_continue_a_cart_that_was_left_behind(self, told: Telling) -> None:
        answer = told.answer_to(Mail("mia", "cart-abandonment", "kept-for-you"), SHOWN)

        order = next(m.message for m in answer if m.message.get("event") == "Order Completed")
        assert products_in(dict(order)) == {"jacket-drizzle", "trousers-drizzle"}


class TestTheShopsSettings:
    def test_are_valid_for_their_journeys(self) -> None:
        tuned = {
            journey: CATALOGUE[journey].settings_type.model_validate(settings)
            for journey, settings in SETTINGS.items()
        }

        offers = {journey: s.model_dump(mode="json")["incentive"] for journey, s in tuned.items()}
        assert offers == {
            "cart-abandonment": {
                "kind": "percent",
                "value": "10",
                "code": "HAZEL10",
                "valid_for": "3 days",
            },
            "welcome": {
                "kind": "percent",
                "value": "10",
                "code": "HELLO10",
                "valid_for": "14 days",
            },
        }
