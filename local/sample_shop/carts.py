"""Stories of carts left behind."""

from collections.abc import Mapping
from typing import Any

from local.sample_shop.script import Script
from local.sample_shop.telling import Telling

_Mail = Mapping[str, Any]


def mia_is_interrupted(told: Telling) -> None:
    """Mia leaves a full cart, comes back by the first mail, and is happy with her jacket."""
    mia = told.of("mia", day=0.3)
    mia.looks_at("jacket-drizzle", seconds=55).adds("jacket-drizzle").later(minutes=8)
    mia.adds("trousers-drizzle").later(minutes=2).starts_checkout()

    @told.when_mailed("mia", "cart-abandonment", "kept-for-you")
    def orders(mia: Script, mail: _Mail) -> None:
        mia.later(hours=4).clicks(mail).starts_checkout().later(minutes=3).orders()
        mia.later(days=2).receives()

    @told.when_mailed("mia", "review-request", "how-was-it")
    def praises(mia: Script, mail: _Mail) -> None:
        mia.later(hours=8).clicks(mail).reviews("jacket-drizzle", stars=5)


def harry_waits_for_an_offer(told: Telling) -> None:
    """Harry ignores the first reminder; ten percent off move him."""
    harry = told.of("harry", day=1.6)
    harry.looks_at("stove-ember").adds("stove-ember").adds("gas-230", quantity=2).adds("pot-titan")

    @told.when_mailed("harry", "cart-abandonment", "incentive")
    def takes_the_offer(harry: Script, mail: _Mail) -> None:
        harry.later(hours=6).clicks(mail).starts_checkout().later(minutes=9).orders()
        harry.later(days=3).receives()


def hugo_forgets(told: Telling) -> None:
    """Hugo's cart stays where it is, through all three mails."""
    told.of("hugo", day=6.2).looks_at("bag-dormouse-10", seconds=40).adds("bag-dormouse-10")


def zeynep_changes_her_mind(told: Telling) -> None:
    """Zeynep empties her cart after the first mail: no more of them."""
    told.of("zeynep", day=4.4).adds("fleece-moss").later(minutes=6).adds("beanie")

    @told.when_mailed("zeynep", "cart-abandonment", "kept-for-you")
    def empties_the_cart(zeynep: Script, _: _Mail) -> None:
        zeynep.later(hours=10).opens_page().removes("fleece-moss").removes("beanie")


def paul_is_quick(told: Telling) -> None:
    """Paul orders within minutes: no reminder, only thanks. He likes his shoes."""
    paul = told.of("paul", day=2.9)
    paul.looks_at("shoes-trail", seconds=35).buys("shoes-trail").later(days=1.5).receives()

    @told.when_mailed("paul", "review-request", "how-was-it")
    def reviews(paul: Script, mail: _Mail) -> None:
        paul.later(days=1).clicks(mail).reviews("shoes-trail", stars=4)


def amelia_unsubscribes(told: Telling) -> None:
    """Amelia does not want to be reminded of carts, and says so with one click."""
    told.of("amelia", day=9).adds("headlamp-glow").later(minutes=3).adds("battery-pack")
    told.unsubscribes_on("amelia", "cart-abandonment", "kept-for-you", hours=1)


STORIES = (
    mia_is_interrupted,
    harry_waits_for_an_offer,
    hugo_forgets,
    zeynep_changes_her_mind,
    paul_is_quick,
    amelia_unsubscribes,
)
