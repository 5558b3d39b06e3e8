"""Whether the words of a mail can be read, in the light and in the dark.

Styles are applied as a browser does: the sheet's rules by specificity, then what stands in
`style`, `!important` before both; colours are inherited, backgrounds shine through.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2
import tinycss2.color3

Colour = tuple[float, float, float]

#: What WCAG asks of text, and of text from this size on (pixels).
_ENOUGH: Final = 4.5
_ENOUGH_WHEN_LARGE: Final = 3.0
_LARGE: Final = 24.0
#: Rank of a declaration: important or not, in the element or in the sheet, specificity.
_IN_SHEET, _IN_ELEMENT = 0, 1
_SIZE: Final = re.compile(r"([\d.]+)px")
#: sRGB is linear up to here.
_LINEAR: Final = 0.04045
_WITHOUT_WORDS: Final = {"head", "style", "title", "script"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Words whose colour is too near to what is behind them."""

    words: str
    ratio: float
    needed: float


@dataclass(frozen=True, slots=True)
class _Look:
    """How an element appears, as its children inherit it."""

    colour: Colour
    background: Colour
    #: Of links that nobody gave a colour.
    link: Colour
    size: float
    is_shown: bool = True


#: Before any style: what browsers begin with.
_LIGHT: Final = _Look(colour=(0, 0, 0), background=(1, 1, 1), link=(0, 0, 0.93), size=16)
_DARK: Final = _Look(colour=(1, 1, 1), background=(0.07, 0.07, 0.07), link=(0.62, 0.62, 1), size=16)


def unreadable(page: Element, *, dark: bool) -> Iterator[Unreadable]:
    """Every text of a page that is too faint, each once."""
    sheet = _sheet(page, dark=dark)
    root = cssselect2.ElementWrapper.from_html_root(page)
    found = dict.fromkeys(_faint(root, _DARK if dark else _LIGHT, sheet))
    yield from found


def _faint(node: Any, inherited: _Look, sheet: cssselect2.Matcher) -> Iterator[Unreadable]:
    element: Element = node.etree_element
    if element.tag in _WITHOUT_WORDS:
        return
    look = _look(node, inherited, sheet)
    if not look.is_shown:
        return
    needed = _ENOUGH_WHEN_LARGE if look.size >= _LARGE else _ENOUGH
    ratio = contrast(look.colour, look.background)
    if ratio < needed:
        yield from (Unreadable(words, round(ratio, 1), needed) for words in _own_words(element))
    for child in node.iter_children():
        yield from _faint(child, look, sheet)


def _own_words(element: Element) -> Iterator[str]:
    for text in (element.get("alt"), element.text, *(child.tail for child in element)):
        if words := " ".join((text or "").split()):
            yield words


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's ratio of two colours: 1 for the same, 21 for black on white."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _look(node: Any, inherited: _Look, sheet: cssselect2.Matcher) -> _Look:
    styles = _styles(node, sheet)
    size = _SIZE.fullmatch(tinycss2.serialize(styles.get("font-size", ())).strip())
    is_link = node.local_name == "a" and "href" in node.etree_element.attrib
    return _Look(
        colour=_colour(styles.get("color", ()), inherited.background)
        or (inherited.link if is_link and "color" not in styles else inherited.colour),
        background=_colour(styles.get("background-color", ()), inherited.background)
        or inherited.background,
        link=inherited.link,
        size=float(size[1]) if size else inherited.size,
        is_shown="none" not in tinycss2.serialize(styles.get("display", ())),
    )


def _styles(node: Any, sheet: cssselect2.Matcher) -> dict[str, Any]:
    """Which value of each property wins."""
    ranked: list[tuple[tuple[bool, int, Any, int], Any]] = []
    for specificity, order, _, declarations in sheet.match(node):
        for declaration in declarations:
            rank = (declaration.important, _IN_SHEET, specificity, order)
            ranked.append((rank, declaration))
    for order, declaration in enumerate(_inline(_written(node.etree_element))):
        ranked.append(((declaration.important, _IN_ELEMENT, (0, 0, 0), order), declaration))
    ranked.sort(key=lambda pair: pair[0])
    return {_property(found): found.value for _, found in ranked}


def _written(element: Element) -> str:
    """What the element itself says about its look; attributes are the weakest."""
    background = element.get("bgcolor")
    before = f"background-color: {background};" if background else ""
    return before + element.get("style", "")


@lru_cache(maxsize=1_000)
def _inline(style: str) -> tuple[Any, ...]:
    """Mails say the same again and again."""
    return tuple(_declarations(style))


def _declarations(css: str | Iterable[Any]) -> list[Any]:
    parsed = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
    return [one for one in parsed if one.type == "declaration"]


def _property(declaration: Any) -> str:
    name: str = declaration.lower_name
    return "background-color" if name == "background" else name


def _colour(tokens: Iterable[Any], behind: Colour) -> Colour | None:
    """The first colour among the tokens, as it looks before `behind`."""
    for token in tokens:
        found = tinycss2.color3.parse_color(token)
        if isinstance(found, tinycss2.color3.RGBA):
            parts = zip(found[:3], behind, strict=True)
            red, green, blue = (p * found.alpha + b * (1 - found.alpha) for p, b in parts)
            return red, green, blue
    return None


def _sheet(page: Element, *, dark: bool) -> cssselect2.Matcher:
    matcher = cssselect2.Matcher()
    for style in page.iter("style"):
        if "media" not in style.attrib:
            _add_rules(matcher, tinycss2.parse_stylesheet(style.text or ""), dark=dark)
    return matcher


def _add_rules(matcher: cssselect2.Matcher, rules: Iterable[Any], *, dark: bool) -> None:
    for rule in rules:
        if rule.type == "qualified-rule":
            declarations = _declarations(rule.content)
            for selector in _selectors(rule.prelude):
                matcher.add_selector(selector, declarations)
        elif dark and _is_for_the_dark(rule):
            _add_rules(matcher, tinycss2.parse_rule_list(rule.content), dark=dark)


def _is_for_the_dark(rule: Any) -> bool:
    if rule.type != "at-rule" or rule.lower_at_keyword != "media":
        return False
    return "prefers-color-scheme:dark" in tinycss2.serialize(rule.prelude).replace(" ", "")


def _selectors(prelude: Any) -> list[Any]:
    try:
        return [s for s in cssselect2.compile_selector_list(prelude) if s.pseudo_element is None]
    except cssselect2.SelectorError:
        return []  # what one mail program alone understands colours nothing elsewhere
