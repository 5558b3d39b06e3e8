"""Stories of people who look around."""

from collections.abc import Mapping
from typing import Any

from local.sample_shop.script import Script
from local.sample_shop.telling import Telling

_Mail = Mapping[str, Any]

#: Customers whom the shop knows only once they sign in.
YET_UNKNOWN = ("jonas",)


def elif_and_the_tent(told: Telling) -> None:
    """Elif looks twice at a tent, gets the mail, clicks, buys; then the footprint that fits."""
    elif_ = told.of("elif", day=0.2)
    elif_.opens_page().looks_through("Tents").looks_at("tent-solo").looks_at(
        "tent-hazel-2", seconds=80
    )
    elif_.later(minutes=12).looks_at("tent-hazel-2", seconds=45)

    @told.when_mailed("elif", "browse-abandonment", "you-looked-at")
    def buys_the_tent(elif_: Script, mail: _Mail) -> None:
        elif_.later(hours=2).clicks(mail).looks_at("tent-hazel-2", seconds=30)
        elif_.buys("tent-hazel-2").later(days=2).receives()

    @told.when_mailed("elif", "cross-sell", "goes-well-with")
    def buys_the_footprint(elif_: Script, mail: _Mail) -> None:
        elif_.later(hours=5).clicks(mail).looks_at("footprint-2").buys("footprint-2")

    @told.when_mailed("elif", "cross-sell", "how-do-you-like-it")
    def likes_it(elif_: Script, mail: _Mail) -> None:
        elif_.later(hours=9).clicks(mail).reviews("footprint-2", stars=5)


def louis_only_looks(told: Telling) -> None:
    """Louis takes a long look at boots, gets three mails, and does nothing."""
    told.of("louis", day=5.1).opens_page().looks_at("boots-ridge", seconds=140).looks_at("gaiters")


def olivia_searches(told: Telling) -> None:
    """Olivia searches twice for a mat; the similar ones tempt her; the cart reminds her."""
    olivia = told.of("olivia", day=2.5)
    olivia.searches("sleeping mat").looks_at("mat-alpine").later(hours=6)
    olivia.searches("sleeping mat").looks_at("mat-ultralight")

    @told.when_mailed("olivia", "browse-abandonment", "similar-products")
    def fills_her_cart(olivia: Script, mail: _Mail) -> None:
        olivia.later(hours=3).clicks(mail).looks_at("mat-ultralight", seconds=50)
        olivia.adds("mat-ultralight").later(minutes=5).adds("pillow")

    @told.when_mailed("olivia", "cart-abandonment", "kept-for-you")
    def orders(olivia: Script, mail: _Mail) -> None:
        olivia.later(hours=7).clicks(mail).starts_checkout().later(minutes=6).orders()
        olivia.later(days=3).receives()


def dana_has_enough(told: Telling) -> None:
    """Dana compares packs for days, and after the last reminder unsubscribes."""
    dana = told.of("dana", day=8)
    for _ in range(3):
        dana.looks_through("Packs").looks_at("pack-beech-50", seconds=70).later(minutes=20)
    told.unsubscribes_on("dana", "browse-abandonment", "last-look", hours=4)


def jonas_without_a_name(told: Telling) -> None:
    """Jonas browses as a stranger, then signs in: what he looked at is his from then on."""
    jonas = told.of("jonas", day=3.8, anonymous=True)
    jonas.opens_page().looks_at("pack-beech-28", seconds=90).later(minutes=4)
    jonas.looks_at("pack-beech-28", seconds=30).opens_page("account").later(minutes=2)
    jonas.signs_in().later(minutes=1).looks_at("pack-beech-28", seconds=65)

    @told.when_mailed("jonas", "browse-abandonment", "you-looked-at")
    def comes_back(jonas: Script, mail: _Mail) -> None:
        jonas.later(hours=11).clicks(mail).looks_at("pack-beech-28").buys("pack-beech-28")
        jonas.later(days=1.5).receives()


STORIES = (
    elif_and_the_tent,
    louis_only_looks,
    olivia_searches,
    dana_has_enough,
    jonas_without_a_name,
)
