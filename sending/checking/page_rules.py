"""Rules on the HTML part as it is sent."""

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from domain.messages import MessageKind
from sending.checking.finding import Finding
from sending.checking.page import text_of
from sending.checking.rendering import Rendering

_KB: Final = 1024
#: Gmail shows this much, and hides the rest with the unsubscribe link in it.
_CUT_OFF: Final = 102
_LARGE: Final = 80
#: The width that every mail program shows without a scrollbar, in CSS pixels.
_WIDEST: Final = 600
_WIDTH: Final = re.compile(r"(?:^|;)\s*(?:min-)?width:\s*(\d+)px")
_BACKGROUND: Final = re.compile(r"(?:^|;)\s*background(?:-color)?:\s*(?!none|transparent)")


def size(rendering: Rendering) -> Iterator[Finding]:
    """Small enough for Gmail."""
    kb = len(rendering.mail.html.encode()) // _KB
    if kb >= _CUT_OFF:
        sentence = f"{_html(rendering)} has {kb} KB, and Gmail cuts off at 102: show less in it."
        yield rendering.wrong("size", sentence)
    elif kb >= _LARGE:
        sentence = f"{_html(rendering)} has {kb} KB, and Gmail cuts off at 102: mind what you add."
        yield rendering.doubtful("size", sentence)


def _html(rendering: Rendering) -> str:
    return f"the HTML {rendering.situation}"


def way_out(rendering: Rendering) -> Iterator[Finding]:
    """Advertising can be ended by whoever gets it, and says who sent it."""
    if not rendering.is_marketing:
        return
    context = rendering.context
    if context.links.unsubscribe not in {link.get("href") for link in rendering.links()}:
        sentence = f"no link leads to links.unsubscribe {rendering.situation}: include a footer."
        yield rendering.wrong("unsubscribe", sentence)
    if context.shop.postal_address not in text_of(rendering.page):
        sentence = f"shop.postal_address is not shown {rendering.situation}: include a footer."
        yield rendering.wrong("address", sentence)


def language(rendering: Rendering) -> Iterator[Finding]:
    """Screen readers know how to pronounce it, browsers from which side to write it."""
    [root] = rendering.page.findall("html")
    wanted = {"lang": {rendering.mail.locale}, "dir": {"ltr", "rtl"}}
    for name, value in (("lang", "language"), ("dir", "direction")):
        if root.get(name) not in wanted[name]:
            tag = f'<mjml {name}="{{{{ {value} }}}}">'
            yield rendering.wrong(name, f"the page does not say its {value}: begin with {tag}.")


def dark_mode(rendering: Rendering) -> Iterator[Finding]:
    """Mail programs let the mail choose its colours in the dark."""
    schemes = [m for m in rendering.page.iter("meta") if m.get("name") == "color-scheme"]
    if not any("dark" in meta.get("content", "") for meta in schemes):
        meta = '<meta name="color-scheme" content="light dark" />'
        sentence = f"{meta} is missing, so mail programs turn colours round: include head.mjml."
        yield rendering.wrong("dark-mode", sentence)


def link_texts(rendering: Rendering) -> Iterator[Finding]:
    """Every link says where it leads."""
    for link in rendering.links():
        if not text_of(link):
            sentence = f"the link to {link.get('href')} has no text: say where it leads."
            yield rendering.wrong("link-text", sentence)


def no_person_in_links(rendering: Rendering) -> Iterator[Finding]:
    """Addresses end up in logs and in other people's statistics."""
    known = (rendering.context.person.first_name, rendering.context.customer_reference)
    for element in rendering.page.iter():
        address = unquote(element.get("href") or element.get("src") or "")
        if any(word and word in address for word in known):
            sentence = f"the address {address} names the person: use what links.* offers."
            yield rendering.wrong("person-in-link", sentence)


def one_call_to_action(rendering: Rendering) -> Iterator[Finding]:
    """One thing to do, on a button that is there even without pictures."""
    if rendering.source.kind is MessageKind.INTERNAL:
        return
    buttons = [link for link in rendering.links() if _is_button(link)]
    if not buttons:
        sentence = f"there is no button {rendering.situation}: say with one mj-button what to do."
        yield rendering.wrong("call-to-action", sentence)
    elif len(buttons) > 1:
        labels = " and ".join(f"“{text_of(button)}”" for button in buttons)
        sentence = f"{labels} compete {rendering.situation}: keep one button, make the rest links."
        yield rendering.wrong("call-to-action", sentence)


def _is_button(link: Element) -> bool:
    words = "".join(link.itertext()).strip()
    return bool(words and _BACKGROUND.search(link.get("style", "")))


def width(rendering: Rendering) -> Iterator[Finding]:
    """Nothing is wider than the column that mail programs show."""
    for element in rendering.page.iter():
        wide = [int(found) for found in _WIDTH.findall(element.get("style", ""))]
        if (attribute := element.get("width", "")).isdigit():
            wide.append(int(attribute))
        if wide and max(wide) > _WIDEST:
            sentence = f"<{element.tag}> is {max(wide)} pixels wide: 600 is the most that fits."
            yield rendering.wrong("width", sentence)


def picture_sizes(rendering: Rendering) -> Iterator[Finding]:
    """Nothing jumps when pictures come late, or never."""
    for picture in rendering.page.iter("img"):
        missing = [name for name in ("width", "height") if not picture.get(name)]
        if missing:
            sentence = (
                f"the picture {picture.get('src')} has no {' and no '.join(missing)}: add it."
            )
            yield rendering.wrong("picture-size", sentence)


Rule = Callable[[Rendering], Iterator[Finding]]

PAGE_RULES: Final[tuple[Rule, ...]] = (
    size,
    way_out,
    language,
    dark_mode,
    link_texts,
    no_person_in_links,
    one_call_to_action,
    width,
    picture_sizes,
)
