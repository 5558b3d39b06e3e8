"""Stories of long silences."""

from collections.abc import Mapping
from typing import Any

from local.sample_shop.script import Script
from local.sample_shop.telling import Telling

_Mail = Mapping[str, Any]


def sean_is_gone(told: Telling) -> None:
    """Seán's last provisions are a month old; he answers nothing, and is left in peace."""
    told.of("sean", day=-29.6).buys("meal-curry").later(days=2).receives()


def emre_had_forgotten_us(told: Telling) -> None:
    """Emre's coffee must be used up by now; he clicks and is welcomed back."""
    told.of("emre", day=-29).buys("coffee").later(days=3).receives()

    @told.when_mailed("emre", "win-back", "we-miss-you")
    def looks_in(emre: Script, mail: _Mail) -> None:
        emre.later(hours=8).clicks(mail).looks_at("coffee").looks_at("bars-oat")


def lena_returns_for_more(told: Telling) -> None:
    """Lena lets the first mail pass, and orders after the second."""
    told.of("lena", day=-28.4).buys("sunscreen", "bars-oat").later(days=2).receives()

    @told.when_mailed("lena", "win-back", "incentive")
    def orders_again(lena: Script, mail: _Mail) -> None:
        lena.later(hours=3).clicks(mail).buys("sunscreen").later(days=2).receives()


def defne_and_george_fall_silent(told: Telling) -> None:
    """Clothes last longer: after two months without a visit Defne and George are missed too."""
    told.of("defne", day=-58.5).buys("shirt-merino").later(days=2).receives()
    told.of("george", day=-57).buys("trousers-drizzle").later(days=3).receives()
    told.unsubscribes_on("george", "win-back", "incentive", hours=2)


def the_shop_asks_for_anna(told: Telling) -> None:
    """The shop's backend starts a win-back for Anna, twice by mistake, and for Marc in vain."""
    told.starts("win-back", "anna", day=2, key="spring-anna")
    told.starts("win-back", "anna", day=2.01, key="spring-anna")
    told.starts("win-back", "marc", day=2.02, key="spring-marc")

    @told.when_mailed("anna", "win-back", "stay-or-go")
    def stays(anna: Script, mail: _Mail) -> None:
        anna.later(hours=2).clicks(mail).looks_at("tent-solo")


STORIES = (
    sean_is_gone,
    emre_had_forgotten_us,
    lena_returns_for_more,
    defne_and_george_fall_silent,
    the_shop_asks_for_anna,
)
