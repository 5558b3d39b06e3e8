"""The list of journeys. A journey that stands here is routed to, run and shown."""

import ast
import inspect
import textwrap
from typing import Any, Final

from domain.rules import Catalogue, JourneyRules
from workflows.browse_abandonment import BrowseAbandonment
from workflows.cart_abandonment import CartAbandonment
from workflows.cross_sell import CrossSell
from workflows.journey import Journey
from workflows.review_request import ReviewRequest
from workflows.win_back import WinBack

JOURNEYS: Final[tuple[type[Journey[Any]], ...]] = (
    BrowseAbandonment,
    CartAbandonment,
    CrossSell,
    ReviewRequest,
    WinBack,
)


def name_of(journey: type[Journey[Any]]) -> str:
    """The journey's name: what its `@workflow.defn` says."""
    definition = vars(journey)["__temporal_workflow_definition"]
    return str(definition.name)


def steps_of(journey: type[Journey[Any]]) -> list[str]:
    """The steps that the journey's code names in `send`, so that each can be checked for a mail."""
    told = ast.parse(textwrap.dedent(inspect.getsource(journey)))
    return [
        str(call.args[0].value)
        for call in ast.walk(told)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "send"
        and isinstance(call.args[0], ast.Constant)
    ]


def rules_of(journey: type[Journey[Any]]) -> JourneyRules:
    """The journey as routing sees it, with its default settings."""
    settings_type = journey.settings_type
    return JourneyRules(
        name=name_of(journey),
        title=(journey.__doc__ or "").strip().splitlines()[0],
        entry=journey.entry,
        goal=journey.goal,
        listens=journey.listens,
        settings_type=settings_type,
        settings=settings_type(),
    )


CATALOGUE: Final[Catalogue] = {name_of(journey): rules_of(journey) for journey in JOURNEYS}
