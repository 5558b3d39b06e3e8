"""Public pages: HTML that loads nothing from anywhere, in the reader's language."""

import base64
import hashlib
import re
from collections.abc import Iterable
from gettext import NullTranslations
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from sending.mails.translations import SOURCE_LANGUAGE, read_translations

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
_CODE: Final = re.compile(r"`([^`]+)`")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class Pages:
    """The page templates, compiled once, with their translations."""

    def __init__(self, folder: Path = TEMPLATES, *, shop_name: str, shop_locale: str) -> None:
        styles = (folder / "pages").glob("*.css")
        self._styles = {file.name: file.read_text(encoding="utf-8").strip() for file in styles}
        self._shop_locale = shop_locale
        self._translations = read_translations(folder / "locale", domain="pages")
        self._environments = {
            language: _environment(folder / "pages", texts, language, shop_name)
            for language, texts in self._translations.items()
        }

    def page(
        self,
        name: str,
        *,
        locales: Iterable[str | None] = (),
        status: HTTPStatus = HTTPStatus.OK,
        style: str = "style.css",
        allow: str = "",
        **shown: Any,
    ) -> HTMLResponse:
        """The page `name`, in the first of `locales` that we speak, else in the shop's language.

        `allow` adds directives to the Content-Security-Policy, which lets nothing in by itself.
        """
        environment = self._environments[self.language(locales)]
        html = environment.get_template(name).render(style=self._styles[style], **shown)
        policy = "; ".join(filter(None, (_policy(self._styles[style]), allow)))
        return HTMLResponse(html, status, {**_HEADERS, "Content-Security-Policy": policy})

    def say(self, text: str, locales: Iterable[str | None]) -> str:
        """A sentence of ours in the language that `page` would choose."""
        return self._translations[self.language(locales)].gettext(text)

    def language(self, locales: Iterable[str | None]) -> str:
        """The language of a page for a reader of `locales`, best first: de-AT → de."""
        for locale in (*locales, self._shop_locale):
            language: str = (locale or "").replace("_", "-").partition("-")[0].lower()
            if language in self._environments:
                return language
        return SOURCE_LANGUAGE


def _environment(
    folder: Path, texts: NullTranslations, language: str, shop_name: str
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    environment.filters["code"] = _with_code
    environment.globals.update(language=language, shop_name=shop_name)
    return environment


def _with_code(text: str) -> Markup:
    """Plain text with what stands between back-quotes set as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
