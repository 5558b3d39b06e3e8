"""What single mails say, each to whom it is for."""

from dataclasses import replace

import pytest

from sending.context import IncentiveContext, MailContext, ProductContext
from sending.samples import BARE, LONE, RICH
from tests.fakes.mail_contexts import reading
from tests.fakes.shipped import shipped


class TestYouLookedAt:
    """What brought the visitor decides the words: a search, a category, a product, or nothing."""

    @pytest.mark.parametrize(
        ("query", "category", "products", "subject"),
        [
            ("linen", "Summer", RICH.products, "Your search for “linen”"),
            (None, "Summer", RICH.products, "Still browsing “Summer”?"),
            (None, None, RICH.products, "Still thinking about “Linen shirt”?"),
            (None, None, (), "Still looking around?"),
        ],
    )
    def test_speaks_of_what_was_looked_at(
        self,
        query: str | None,
        category: str | None,
        products: tuple[ProductContext, ...],
        subject: str,
    ) -> None:
        context = replace(BARE, query=query, category=category, products=products)

        assert shipped().render("browse-abandonment", "you-looked-at", context).subject == subject

    @pytest.mark.parametrize(("shown", "word"), [(1, "this"), (2, "these")])
    def test_counts_what_it_shows(self, shown: int, word: str) -> None:
        context = replace(BARE, products=RICH.products[:shown])

        text = shipped().render("browse-abandonment", "you-looked-at", context).text

        assert f"You took a closer look at {word}." in text


class TestSimilarProducts:
    def test_leads_to_the_one_thing_it_shows(self) -> None:
        mail = shipped().render("browse-abandonment", "similar-products", LONE)

        assert "Have a look: https://shop.example/linen-shirt\n" in mail.text

    @pytest.mark.parametrize("context", [RICH, BARE])
    def test_leads_to_the_shop_when_it_shows_more_or_nothing(self, context: MailContext) -> None:
        mail = shipped().render("browse-abandonment", "similar-products", context)

        assert "Have a look around: https://shop.example\n" in mail.text


class TestWeMissYou:
    def test_keeps_its_words_in_order_around_a_name_that_runs_the_other_way(self) -> None:
        noa = replace(RICH, person=replace(RICH.person, first_name="נועה"))

        mail = shipped().render("win-back", "we-miss-you", noa)

        isolated = "\N{FIRST STRONG ISOLATE}נועה\N{POP DIRECTIONAL ISOLATE}"
        assert mail.subject.startswith(f"{isolated}, it")

    def test_leaves_a_name_out_of_its_subject_rather_than_cut_it(self) -> None:
        long = replace(RICH, person=replace(RICH.person, first_name="Maximiliane " * 3))

        mail = shipped().render("win-back", "we-miss-you", long)

        assert "Maximiliane" not in mail.subject
        assert "Hello Maximiliane" in mail.text


class TestKeptForYou:
    def test_lists_the_cart_as_it_is(self) -> None:
        text = shipped().render("cart-abandonment", "kept-for-you", reading(RICH, "de")).text

        assert (
            "Linen shirt: https://shop.example/linen-shirt\n"
            "2 \N{MULTIPLICATION SIGN} 39,90\N{NO-BREAK SPACE}€\n"
            "Nur noch 3 Stück\n"
            "\n"
            "Walnut bowl: https://shop.example/walnut-bowl\n"
            "24,00\N{NO-BREAK SPACE}€\n"
            "\n"
            "Zum Warenkorb: https://shop.example/cart\n"
        ) in text

    @pytest.mark.parametrize(
        ("pictures", "tiles"),
        [(("https://shop.example/1.jpg", None), 1), ((None, None), 0), ((None,), 0)],
    )
    def test_keeps_its_columns_when_a_picture_is_missing(
        self, pictures: tuple[str | None, ...], tiles: int
    ) -> None:
        shown = (replace(RICH.products[0], image_url=picture) for picture in pictures)

        mail = shipped().render(
            "cart-abandonment", "kept-for-you", replace(RICH, products=tuple(shown))
        )

        assert mail.html.count('class="tile"') == tiles


class TestIncentive:
    @pytest.mark.parametrize(
        ("journey", "occasion"),
        [
            ("cart-abandonment", "For everything in your cart"),
            ("win-back", "For your next order"),
        ],
    )
    @pytest.mark.parametrize(
        ("kind", "subject"),
        [
            ("free-shipping", "Free shipping on your order"),
            ("gift", "A gift with your order"),
            ("percent", "10% off your order"),
        ],
    )
    def test_says_what_is_offered_and_until_when(
        self, journey: str, occasion: str, kind: str, subject: str
    ) -> None:
        assert RICH.incentive is not None
        offer = replace(RICH.incentive, kind=kind)

        mail = shipped().render(journey, "incentive", replace(RICH, incentive=offer))

        assert mail.subject == subject
        assert mail.preheader == f"{occasion}, until May 5, 2026, 3:30\N{NO-BREAK SPACE}PM."
        assert f"{subject}\nYour code for the checkout:\nHAZEL10\nValid until May 5" in mail.text

    def test_asks_for_no_code_when_none_is_needed(self) -> None:
        assert RICH.incentive is not None
        offer = IncentiveContext(kind="free-shipping", ends_at=RICH.incentive.ends_at)

        text = shipped().render("win-back", "incentive", replace(RICH, incentive=offer)).text

        assert "checkout" not in text

    def test_helps_when_nothing_is_offered(self) -> None:
        mail = shipped().render("cart-abandonment", "incentive", BARE)

        assert mail.subject == "Can we help you with your cart?"
        assert "help@shop.example" in mail.text


class TestStayOrGo:
    def test_leaves_the_choice(self) -> None:
        text = shipped().render("win-back", "stay-or-go", BARE).text

        assert "stay in touch: https://shop.example\n" in text
        assert "No, please unsubscribe me: https://mail.shop.example/unsubscribe/token\n" in text


class TestConfirm:
    def test_spaces_its_link_as_french_does(self) -> None:
        text = shipped().render("double-opt-in", "confirm", reading(RICH, "fr")).text

        assert "moi\N{NO-BREAK SPACE}: https://mail.shop.example/confirm/token\n" in text


class TestReviewRequest:
    def test_names_what_its_button_reviews_when_several_things_were_bought(self) -> None:
        mail = shipped().render("review-request", "how-was-it", RICH)

        assert "Review “Linen shirt”: https://shop.example/linen-shirt#reviews" in mail.text

    def test_needs_no_name_on_its_button_when_one_thing_was_bought(self) -> None:
        mail = shipped().render("review-request", "how-was-it", LONE)

        assert "Write a review: https://shop.example/linen-shirt#reviews" in mail.text


class TestStillHere:
    def test_announces_nothing_new_when_there_is_nothing_to_show(self) -> None:
        mail = shipped().render("welcome", "still-here", BARE)

        assert "new" not in mail.text.split()
        assert "new" not in mail.preheader
        assert "Have a look around: https://shop.example" in mail.text


class TestSupportAlert:
    def test_tells_the_desk_whom_to_answer_and_why(self) -> None:
        mail = shipped().render("review-request", "support-alert", RICH)

        assert mail.subject == "2 of 5 stars: please get in touch"
        assert "Customer: c-42\n\nOrder: 1001\n\nRating: 2 of 5 stars\n" in mail.text

    def test_is_written_in_the_shop_s_language(self) -> None:
        mail = shipped("de").render("review-request", "support-alert", reading(RICH, "tr"))

        assert mail.subject == "2 von 5 Sternen: bitte melden"

    def test_has_no_way_out_for_it_is_no_advertisement(self) -> None:
        mail = shipped().render("review-request", "support-alert", RICH)

        assert "unsubscribe" not in mail.html
        assert "Hazel Lane" not in mail.html
