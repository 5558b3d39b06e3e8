"""Reading a journey's source: the steps it sends, and which events end which of them.

A story is read, not run: what it would do only shows in weeks. What cannot be read raises Invalid
with the cure.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from domain.errors import Invalid
from domain.events import EventName


def steps_of(journey: type[Any]) -> list[str]:
    """The steps that the journey sends, in the order in which they stand."""
    return list(dict.fromkeys(_step(journey, call) for call in _calls(_tree(journey), "send")))


def endings_of(journey: type[Any]) -> frozenset[EventName]:
    """The events that end the story or a part of it: what its `until` names."""
    calls = _calls(_tree(journey), "until")
    return frozenset(event for call in calls for event in _events(journey, call))


def steps_ended_by(journey: type[Any], event: EventName) -> set[str]:
    """The steps that must not follow `event`: those inside an `until` that names it."""
    return {
        _step(journey, call)
        for block in ast.walk(_tree(journey))
        if isinstance(block, ast.With) and event in _endings_of_block(journey, block)
        for call in _calls(block, "send")
    }


def sinces_of(journey: type[Any]) -> list[str]:
    """The steps since which the story looks back (`happens(…, since="welcome")`)."""
    return [
        str(word.value.value)
        for call in _calls(_tree(journey), "happens")
        for word in call.keywords
        if word.arg == "since" and isinstance(word.value, ast.Constant)
    ]


def module_of(journey: type[Any]) -> ast.Module:
    """The whole file that tells the journey, with the lines numbered as its writer sees them."""
    return ast.parse(inspect.getsource(sys.modules[journey.__module__]))


def place_in(journey: type[Any], line: int) -> str:
    """A line of the journey's file, as its writer finds it: `line 36 of workflows/welcome.py`."""
    return f"line {line} of {journey.__module__.replace('.', '/')}.py"


def _tree(journey: type[Any]) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(journey)))


def _calls(tree: ast.AST, verb: str) -> Iterator[ast.Call]:
    """The calls of a verb of the vocabulary, in the order in which they stand."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == verb
    ]
    yield from sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _step(journey: type[Any], call: ast.Call) -> str:
    if call.args and isinstance(call.args[0], ast.Constant):
        return str(call.args[0].value)
    raise Invalid(
        f'{journey.__name__} sends a step that is not named on the spot: write send("its-name"), '
        "so that its mail can be looked for before it is due."
    )


def _endings_of_block(journey: type[Any], block: ast.With) -> set[EventName]:
    calls = [call for item in block.items for call in _calls(item.context_expr, "until")]
    return {event for call in calls for event in _events(journey, call)}


def _events(journey: type[Any], call: ast.Call) -> Iterator[EventName]:
    """The events in `until(ORDER_COMPLETED, *VISITS)`."""
    for argument in call.args:
        value = _value(journey, argument.value if isinstance(argument, ast.Starred) else argument)
        named: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(event, EventName) for event in named):
            raise Invalid(
                f"{journey.__name__} tells until({ast.unparse(argument)}), of which it would never "
                'hear: name an event of domain/events.py, or one of its own, MINE = EventName("…").'
            )
        yield from named


def _value(journey: type[Any], node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return vars(sys.modules[journey.__module__]).get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_value(journey, node.value), node.attr, None)
    return None
