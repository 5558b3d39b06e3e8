"""Rules on a mail as it was written, where every finding has its line."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from sending.checking.finding import Finding
from sending.mails.source import MailSource

_ADDRESSES: Final = ("href", "src", "background-url", "background", "action")
_BACKGROUNDS: Final = ("background-url", "background")
_DECORATIVE: Final = (("role", "presentation"), ("aria-hidden", "true"))
#: What makes mail programs load something, or tell somebody that they did.
_LOADED: Final = ("@import", "@font-face", "url(")

_Attributes = dict[str, str | None]


def markup_findings(source: MailSource) -> Iterator[Finding]:
    """What is wrong with the tags of a mail and its shared parts."""
    walk = _Walk(source)
    walk.feed(source.mjml)
    walk.close()
    yield from walk.found


class _Walk(HTMLParser):
    def __init__(self, source: MailSource) -> None:
        super().__init__()
        self.source = source
        self.found: list[Finding] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        for rule, sentence in _complaints(tag, attributes):
            self._note(rule, sentence)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        for loaded in _LOADED:
            if self.cdata_elem == "style" or "mj-style" in (self.get_starttag_text() or ""):
                before, word, _ = data.partition(loaded)
                if word:
                    self._note("external", _external(word), offset=before.count("\n"))

    def _note(self, rule: str, sentence: str, *, offset: int = 0) -> None:
        place = self.source.place(self.getpos()[0] + offset)
        self.found.append(Finding(rule, place.file, sentence, line=place.line))


def _complaints(tag: str, attributes: _Attributes) -> Iterator[tuple[str, str]]:
    yield from _alt(tag, attributes)
    yield from _https(attributes)
    yield from _loading(tag, attributes)
    yield from _backgrounds(attributes)


def _alt(tag: str, attributes: _Attributes) -> Iterator[tuple[str, str]]:
    if tag not in {"img", "mj-image"} or attributes.get("alt"):
        return
    if "alt" not in attributes:
        yield "alt", f"<{tag}> has no alt: say in a few words what it shows."
    elif not any(attributes.get(name) == value for name, value in _DECORATIVE):
        yield (
            "alt",
            (
                f'<{tag}> has an empty alt: say what it shows, or add role="presentation" when it '
                "shows nothing."
            ),
        )


def _https(attributes: _Attributes) -> Iterator[tuple[str, str]]:
    for name in _ADDRESSES:
        if (attributes.get(name) or "").strip().lower().startswith("http://"):
            yield "https", f"{name} leads to an http:// address: write https://."


def _loading(tag: str, attributes: _Attributes) -> Iterator[tuple[str, str]]:
    if tag in {"link", "mj-font"}:
        yield "external", _external(f"<{tag}>")
    if "url(" in (attributes.get("style") or ""):
        yield "external", _external("url(")
    if tag == "img" and "1" in {attributes.get("width"), attributes.get("height")}:
        yield (
            "external",
            "a picture of one pixel only tells somebody that the mail was opened: take it away.",
        )


def _backgrounds(attributes: _Attributes) -> Iterator[tuple[str, str]]:
    for name in _BACKGROUNDS:
        if attributes.get(name):
            yield (
                "images-off",
                (
                    f"{name} puts words on a picture, where they are lost when pictures are off: "
                    "take a colour, and put the picture into mj-image."
                ),
            )


def _external(what: str) -> str:
    return (
        f"{what} loads something from elsewhere, which mail programs refuse or tell about: use "
        "what is on the reader's machine."
    )
