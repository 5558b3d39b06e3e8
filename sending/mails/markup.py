"""What mail markup may look like.

The MJML compiler drops what it does not know without a word, and points at no line when a tag
is not closed. Whoever writes mails deserves to be told, so the markup is walked beforehand.
"""

from difflib import get_close_matches
from html.parser import HTMLParser
from typing import Final

from sending.mails.source import MailSource

_HEAD: Final = {"mj-head", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-class"}
_STYLE: Final = {"mj-style", "mj-font", "mj-breakpoint", "mj-raw"}
_LAYOUT: Final = {"mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"}
_CONTENT: Final = {"mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table"}
_LINKS: Final = {"mj-social", "mj-social-element", "mj-navbar", "mj-navbar-link"}
_MJML: Final = {"mjml"} | _HEAD | _STYLE | _LAYOUT | _CONTENT | _LINKS
#: The only ones inside which HTML survives.
_HOLDS_HTML: Final = {
    *("mj-text", "mj-button", "mj-table", "mj-raw", "mj-style", "mj-title", "mj-preview"),
    *("mj-social-element", "mj-navbar-link"),
}
_VOID: Final = {"area", "br", "col", "hr", "img", "link", "meta", "wbr"}
#: Mail programs remove these, or treat the mail as an attack.
_REFUSED: Final = {"script", "form", "input", "iframe", "object", "embed", "base"}


def check_markup(source: MailSource) -> None:
    """Raise TemplateError at the first tag that would not arrive as it was written."""
    walk = _Walk(source)
    walk.feed(source.mjml)
    walk.close()
    if walk.open_tags:
        tag, line = walk.open_tags[-1]
        raise source.wrong(f"<{tag}> is never closed: add </{tag}>.", line)


class _Walk(HTMLParser):
    def __init__(self, source: MailSource) -> None:
        super().__init__()
        self.source = source
        self.open_tags: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check(tag)
        if tag == "mj-style" and dict(attrs).get("inline"):
            raise self._wrong("“inline” moves Jinja out of its place: write style attributes.")
        if tag not in _VOID:
            self.open_tags.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        self._check(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        opened = self.open_tags.pop() if self.open_tags else None
        if opened is None or opened[0] != tag:
            expected = f"expected </{opened[0]}>" if opened else "nothing is open"
            raise self._wrong(f"</{tag}> does not fit here, {expected}: close what was opened.")

    def _check(self, tag: str) -> None:
        if tag in _REFUSED:
            raise self._wrong(f"mail programs refuse <{tag}>: take it away.")
        if tag == "mj-include":
            raise self._wrong('write <mj-include path="part.mjml" /> on a line of its own.')
        if tag.startswith("mj"):
            self._check_mjml(tag)
        elif not any(opened in _HOLDS_HTML for opened, _ in self.open_tags):
            raise self._wrong(
                f"<{tag}> would be lost here: put it into mj-text, mj-table or mj-raw."
            )

    def _check_mjml(self, tag: str) -> None:
        if tag in _MJML or any(opened == "mj-attributes" for opened, _ in self.open_tags):
            return
        close = get_close_matches(tag, _MJML, n=1)
        cure = f"did you mean <{close[0]}>?" if close else "take it away."
        raise self._wrong(f"there is no tag <{tag}>: {cure}")

    def _wrong(self, message: str) -> Exception:
        return self.source.wrong(message, self.getpos()[0])
