"""Stories of orders and what comes after."""

from collections.abc import Mapping
from typing import Any

from local.sample_shop.script import Script
from local.sample_shop.telling import Telling

_Mail = Mapping[str, Any]


def greta_is_disappointed(told: Telling) -> None:
    """Greta's boots pinch: after the second request she says so, and the shop makes good."""
    greta = told.of("greta", day=0.1)
    greta.looks_at("boots-ridge", seconds=45).buys("boots-ridge").later(days=1.5).receives()

    @told.when_mailed("greta", "review-request", "reminder")
    def complains(greta: Script, mail: _Mail) -> None:
        greta.later(hours=5).clicks(mail).reviews("boots-ridge", stars=2)


def tobias_is_content(told: Telling) -> None:
    """Tobias buys a shirt, and four stars are his thanks."""
    told.of("tobias", day=1.4).buys("shirt-merino").later(days=1).receives()

    @told.when_mailed("tobias", "review-request", "how-was-it")
    def reviews(tobias: Script, mail: _Mail) -> None:
        tobias.later(hours=20).clicks(mail).reviews("shirt-merino", stars=4)


def chloe_sends_it_back(told: Telling) -> None:
    """Chloé's fleece does not fit: refunded, and nobody asks how it was."""
    told.of("chloe", day=3.7).buys("fleece-moss").later(days=2).receives().later(
        days=4
    ).sends_back()


def mert_eats_and_is_silent(told: Telling) -> None:
    """Mert orders provisions, and does not review meals."""
    mert = told.of("mert", day=1.9).adds("meal-chili", quantity=2).later(minutes=5)
    mert.buys("bars-oat").later(days=2).receives()


def niamh_is_faster(told: Telling) -> None:
    """Niamh reviews her jacket before she is asked, so she never is."""
    niamh = told.of("niamh", day=7.6).looks_at("jacket-drizzle").buys("jacket-drizzle")
    niamh.later(days=2).receives().later(days=3).reviews("jacket-drizzle", stars=5)


def manon_follows_advice(told: Telling) -> None:
    """Manon buys socks, and the wash that goes with them."""
    told.of("manon", day=5.3).buys("socks-merino", "beanie").later(days=2).receives()

    @told.when_mailed("manon", "cross-sell", "goes-well-with")
    def buys_the_wash(manon: Script, mail: _Mail) -> None:
        manon.later(hours=14).clicks(mail).buys("wash-wool")


def elodie_needs_time(told: Telling) -> None:
    """Élodie buys the big pack, and a cover only when she is reminded; too late to count."""
    told.of("elodie", day=0.35).looks_at("pack-oak-65", seconds=50).buys("pack-oak-65").later(
        days=1
    ).receives()

    @told.when_mailed("elodie", "cross-sell", "follow-up")
    def buys_a_cover(elodie: Script, mail: _Mail) -> None:
        elodie.later(days=1).clicks(mail).buys("rain-cover")


STORIES = (
    greta_is_disappointed,
    tobias_is_content,
    chloe_sends_it_back,
    mert_eats_and_is_silent,
    niamh_is_faster,
    manon_follows_advice,
    elodie_needs_time,
)
