"""Stories of people who are new to the shop, and want to hear from it."""

from collections.abc import Mapping
from typing import Any

from local.sample_shop.script import Script
from local.sample_shop.telling import Telling

_Mail = Mapping[str, Any]

#: Customers whom nobody knows until they sign up.
YET_UNKNOWN = ("nora", "felix", "ayse")


def nora_takes_her_time(told: Telling) -> None:
    """Nora signs up, clicks, and orders when she is reminded of the offer."""
    told.of("nora", day=0.4).signs_in().opens_page("journal")

    @told.when_mailed("nora", "welcome", "first-order")
    def looks_around(nora: Script, mail: _Mail) -> None:
        nora.later(hours=3).clicks(mail).looks_through("Packs")

    @told.when_mailed("nora", "welcome", "offer-ends")
    def orders(nora: Script, mail: _Mail) -> None:
        nora.later(hours=5).clicks(mail).buys("pack-beech-28").later(days=3).receives()


def felix_orders_at_once(told: Telling) -> None:
    """Felix signs up, orders with the welcome's offer, and is thanked the next day."""
    told.of("felix", day=1.1).signs_in()

    @told.when_mailed("felix", "welcome", "welcome")
    def orders(felix: Script, mail: _Mail) -> None:
        felix.later(hours=2).clicks(mail).buys("beanie", "gaiters").later(days=2).receives()


def ayse_only_wanted_to_see(told: Telling) -> None:
    """Ayşe signs up, and thinks better of it after the second mail."""
    told.of("ayse", day=3.3).signs_in()
    told.unsubscribes_on("ayse", "welcome", "first-order", hours=4)


STORIES = (nora_takes_her_time, felix_orders_at_once, ayse_only_wanted_to_see)
