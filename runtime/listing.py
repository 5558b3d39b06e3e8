"""Journeys as the catalogue lists them: found in their files, held against what they must have.

Whoever writes a journey learns here, at the first start, what is missing and what to do about it.
"""

import inspect
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain import events
from domain.conditions import Setting
from domain.entry import Entry
from domain.errors import Invalid
from domain.events import EventName
from domain.journeys import JourneySettings
from domain.rules import JourneyRules
from runtime.determinism import breaches_of
from runtime.reading import endings_of, sinces_of, steps_of
from runtime.run import Run
from runtime.slips import slips_of

#: What every journey knows events by: a name that nearly equals one of these is a slip.
_KNOWN_EVENTS = frozenset(value for value in vars(events).values() if isinstance(value, EventName))
#: How alike two names are that differ by a slip; an event of the shop's own differs by a word.
_A_SLIP = 0.88


def journey_in(module: str) -> type[Any]:
    """The journey that a file tells; raises Invalid, with the cure, when there is not one."""
    package, _, file = module.rpartition(".")
    if find_spec(module) is None:
        folder = Path(import_module(package).__path__[0])
        close = get_close_matches(file, [path.stem for path in folder.glob("*.py")], n=1)
        cure = f"did you mean {close[0]!r}?" if close else "write it, or mend the list."
        raise Invalid(
            f"{package}/catalogue.py lists {file!r}, but there is no {package}/{file}.py: {cure}"
        )
    told = [
        value
        for value in vars(import_module(module)).values()
        if inspect.isclass(value) and issubclass(value, Run) and value.__module__ == module
    ]
    if len(told) != 1:
        raise Invalid(
            f"{package}/{file}.py tells {len(told)} journeys instead of one: write one class that "
            "subclasses Journey in it."
        )
    return told[0]


def name_of(journey: type[Any]) -> str:
    """The journey's name: what its `@workflow.defn` says."""
    definition = vars(journey).get("__temporal_workflow_definition")
    if definition is None or definition.name is None or definition.name == journey.__name__:
        raise Invalid(
            f"{journey.__name__} has no name: write "
            f'@workflow.defn(name="{_kebab(journey.__name__)}") above the class.'
        )
    return str(definition.name)


def rules_of(journey: type[Any]) -> JourneyRules:
    """The journey as routing sees it, with its default settings; raises Invalid with the cure."""
    name, settings = name_of(journey), _defaults(journey)
    for flaw in _flaws(journey, settings):
        raise Invalid(f"{name} {flaw}")
    return JourneyRules(
        name=name,
        title=(journey.__doc__ or "").strip().splitlines()[0],
        entry=journey.entry,
        goal=journey.goal,
        listens=journey.listens,
        ends_on=endings_of(journey),
        settings_type=journey.settings_type,
        settings=settings,
    )


def _defaults(journey: type[Any]) -> JourneySettings:
    try:
        defaults: JourneySettings = journey.settings_type()
    except ValidationError as error:
        without = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise Invalid(
            f"{name_of(journey)} has settings that cannot be used as they are: give each of them "
            f"a default that fits its type ({without})."
        ) from error
    return defaults


def _flaws(journey: type[Any], settings: JourneySettings) -> Iterator[str]:
    """What is missing or misspelt, each as the rest of a sentence that begins with the name."""
    if not (journey.__doc__ or "").strip():
        yield "does not say what it is for: its docstring's first line is shown as its title."
    if not isinstance(getattr(journey, "entry", None), Entry):
        yield "does not say who enters: write entry = Entry(on=(…,)) into the class."
    elif not isinstance(journey.entry.on, tuple):
        yield "is entered on no list of events: write on=(THE_EVENT,), with the comma."
    else:
        yield from _misspelt_settings(journey.entry, settings)
    if journey.goal is None:
        yield "has no goal: write goal = ORDER_COMPLETED, or what else it wants to happen."
    yield from _misspelt_steps(journey)
    yield from _misspelt_events(journey)
    yield from slips_of(journey)
    yield from breaches_of(journey)


def require_mails(journeys: Iterable[type[Any]], written: Collection[tuple[str, str]]) -> None:
    """Raise Invalid for the first step that a journey sends without a mail for it.

    `written` are the mails that there are, each as its journey and step.
    """
    for journey in journeys:
        name = name_of(journey)
        for step in steps_of(journey):
            if (name, step) not in written:
                raise Invalid(
                    f"{name} sends {step!r}, but there is no mail for it: add "
                    f"templates/mails/{name}/{step}.mjml, or mend the step's name."
                )


def _misspelt_settings(entry: Entry, settings: JourneySettings) -> Iterator[str]:
    known = set(type(settings).model_fields)
    named = {setting.name for setting in _settings_in(entry.when)}
    for name in sorted(named | ({entry.chosen_by} if entry.chosen_by else set())):
        if name not in known:
            yield f"is entered by the setting {name!r}, which it has not{_meant(name, known)}"


def _settings_in(value: Any) -> Iterator[Setting]:
    if isinstance(value, Setting):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _settings_in(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _settings_in(getattr(value, part.name))


def _misspelt_steps(journey: type[Any]) -> Iterator[str]:
    steps = steps_of(journey)
    for since in sinces_of(journey):
        if since not in steps:
            yield f"looks back to the step {since!r}, which it never sends{_meant(since, steps)}"


def _misspelt_events(journey: type[Any]) -> Iterator[str]:
    for event in sorted({*journey.entry.on, *journey.listens}):
        if event not in _KNOWN_EVENTS and _close_to(event, _KNOWN_EVENTS, cutoff=_A_SLIP):
            yield f"waits for {event!r}, which nobody says{_meant(event, _KNOWN_EVENTS)}"


def _close_to(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> list[str]:
    return get_close_matches(name, list(known), n=1, cutoff=cutoff)


def _meant(name: str, known: Iterable[str]) -> str:
    close = _close_to(name, known)
    return f": did you mean {close[0]!r}?" if close else "."


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
