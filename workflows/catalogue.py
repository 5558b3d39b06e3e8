"""The list of journeys. A journey that stands here is routed to, run and shown."""

from collections.abc import Sequence
from typing import Any, Final

from domain.rules import Catalogue
from runtime.listing import journey_in, name_of, rules_of
from workflows.journey import Journey

#: Every journey, by the name of its file in this folder.
LISTED: Final = (
    "browse_abandonment",
    "cart_abandonment",
    "cross_sell",
    "double_opt_in",
    "review_request",
    "welcome",
    "win_back",
)

JOURNEYS: Final[Sequence[type[Journey[Any]]]] = tuple(
    journey_in(f"workflows.{file}") for file in LISTED
)
CATALOGUE: Final[Catalogue] = {name_of(journey): rules_of(journey) for journey in JOURNEYS}
