"""Mails: MJML files and catalogues of texts on one side, a finished mail on the other.

Everything is compiled once, when Templates is made; a mail then costs four runs of Jinja.
"""

import re
from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from jinja2.exceptions import TemplateError as JinjaError

from domain.messages import MessageKind
from sending.context import MailContext, ProductContext, RenderedMail
from sending.mails.compiler import CompiledMail, MailCompiler
from sending.mails.error import TemplateError
from sending.mails.names import FIELDS
from sending.mails.plain_text import tidy, wrapped
from sending.mails.reader import Reader, choose_reader
from sending.mails.source import MailSource, read_mails
from sending.mails.translations import SOURCE_LANGUAGE, read_translations
from sending.samples import SAMPLES

__all__ = ["TemplateError", "Templates"]

_BREAKS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\x7f]+", re.IGNORECASE)
_IMAGE: Final = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
#: What a template may raise by what it does with a value.
_MISTAKES: Final = (
    JinjaError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
)


class Templates:
    """All mails of a shop, ready to be rendered in every language there are texts for.

    `folder` holds `mails/` and `locale/`; `default_locale` is for people whose own language
    nobody translated to, and for the shop's own staff. Raises TemplateError for the first file
    that cannot be used.
    """

    def __init__(self, folder: Path, *, default_locale: str = SOURCE_LANGUAGE) -> None:
        self._default_locale = default_locale
        self._texts = read_translations(folder / "locale")
        self._using: dict[tuple[str, str], list[str]] = {}
        compiler = MailCompiler()
        self._mails = {
            (source.journey, source.step): compiler.compile(source)
            for source in read_mails(folder / "mails")
        }
        if not self._mails:
            message = "there are no mails in it: name the folder that holds mails/ and locale/."
            raise TemplateError(message, file=str(folder))
        for mail in self._mails.values():
            self._try_out(mail)

    def for_shop(self, locale: str) -> Self:
        """The same mails for a shop of another locale."""
        other = copy(self)
        other._default_locale = locale  # noqa: SLF001 - our own kind
        return other

    def steps(self) -> Collection[tuple[str, str]]:
        """The journey and step of every mail there is."""
        return self._mails.keys()

    def languages(self) -> Iterable[str]:
        """Every language there are texts for."""
        return self._texts.keys()

    def source(self, journey: str, step: str) -> MailSource:
        """The mail as it was written."""
        return self._mail(journey, step).source

    def kind_of(self, journey: str, step: str) -> MessageKind:
        """Why this mail is sent."""
        return self._mail(journey, step).source.kind

    def shows(self, journey: str, step: str) -> str | None:
        """Which products this mail wants to show, by the name of their source."""
        return self._mail(journey, step).source.shows

    def steps_that_use(self, journey: str, name: str) -> list[str]:
        """The steps of a journey whose mails mention `name`, an attribute of MailContext."""
        if (journey, name) not in self._using:
            word = re.compile(rf"\b{re.escape(name)}\b")
            self._using[journey, name] = [
                mail.source.step
                for mail in self._mails.values()
                if mail.source.journey == journey and word.search(mail.source.mjml)
            ]
        return self._using[journey, name]

    def render(self, journey: str, step: str, context: MailContext) -> RenderedMail:
        """The mail in the person's language, or in the nearest one there are texts for.

        Raises TemplateError when there is no such mail, or it cannot cope with this context.
        """
        mail = self._mail(journey, step)
        try:
            return self._render(mail, context)
        except _MISTAKES as error:
            message = f"this mail cannot be rendered for everybody ({error}): mend it."
            raise mail.source.wrong(message) from error

    def _mail(self, journey: str, step: str) -> CompiledMail:
        try:
            return self._mails[journey, step]
        except KeyError:
            message = "there is no such mail: add the file, or mend the step's name."
            raise TemplateError(message, file=f"{journey}/{step}.mjml") from None

    def _render(self, mail: CompiledMail, context: MailContext) -> RenderedMail:
        reader = self._reader(mail.source.kind, context)
        values: dict[str, Any] = {name: getattr(context, name) for name in FIELDS}
        values["products"] = tuple(map(_with_safe_links, context.products))
        values |= {"reader": reader, "language": reader.language, "direction": reader.direction}
        values["subject"] = _one_line(mail.subject.render(values))
        values["preheader"] = _one_line(mail.preheader.render(values))
        return RenderedMail(
            subject=values["subject"],
            preheader=values["preheader"],
            html=mail.html.render(values),
            text=wrapped(reader.spaced(tidy(mail.text.render(values)))),
            locale=reader.language,
        )

    def _reader(self, kind: MessageKind, context: MailContext) -> Reader:
        person, shop = context.person, context.shop
        if kind is MessageKind.INTERNAL:
            return choose_reader(self._texts, (self._default_locale,), (shop.timezone,))
        return choose_reader(
            self._texts,
            (person.locale, self._default_locale),
            (person.timezone, shop.timezone),
        )

    def _try_out(self, mail: CompiledMail) -> None:
        for sample in SAMPLES:
            try:
                self._render(mail, sample.context)
            except _MISTAKES as error:
                message = (
                    f"this mail cannot be rendered {sample.situation} ({error}): "
                    "ask with {% if %}."
                )
                raise mail.source.wrong(message) from error


def _one_line(text: str) -> str:
    """The text fit for a header: nobody's data may begin a new one."""
    return _BREAKS.sub(" ", text).strip()


def _with_safe_links(product: ProductContext) -> ProductContext:
    """The product without addresses that lead anywhere but to a page or a mailbox."""
    if product.url is not None and not _LINK.fullmatch(product.url):
        product = replace(product, url=None)
    if product.review_url is not None and not _LINK.fullmatch(product.review_url):
        product = replace(product, review_url=None)
    if product.image_url is not None and not _IMAGE.fullmatch(product.image_url):
        product = replace(product, image_url=None)
    return product
