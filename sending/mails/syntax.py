"""The Jinja that mails are written in: no Python, no surprises, English that is translated."""

from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.ext import InternationalizationExtension
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from sending.context import (
    IncentiveContext,
    LinksContext,
    OrderContext,
    PersonContext,
    ProductContext,
    ShopContext,
)
from sending.mails.reader import Reader

#: Longer than this, a product's title would push the rest out of a subject line.
_CLIPPED: Final = 30
_BLOCKS: Final = {"if", "for", "trans", "filter", "with"}
_PLAIN_VALUES: Final = frozenset(
    (ShopContext, PersonContext, ProductContext, OrderContext, IncentiveContext, LinksContext)
)


class _MailSyntax(ImmutableSandboxedEnvironment):
    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Spare our own frozen values, which hold fields alone, the sandbox's slow questions."""
        if type(obj) in _PLAIN_VALUES:
            return not attr.startswith("_")
        return super().is_safe_attribute(obj, attr, value)


def mail_syntax(*, autoescape: bool) -> Environment:
    """The environment for HTML (`autoescape`) or for plain text."""
    environment = _MailSyntax(
        undefined=StrictUndefined,
        autoescape=autoescape,
        extensions=[InternationalizationExtension],
        keep_trailing_newline=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    for name in DEFAULT_NAMESPACE:
        del environment.globals[name]
    _install_texts(environment)
    environment.filters |= {
        "money": _money,
        "date": _date,
        "time": _time,
        "percent": _percent,
        "clip": _clip,
    }
    return environment


def unclosed_block(environment: Environment, source: str) -> int | None:
    """The line of the innermost block that the source opens and never closes.

    Jinja itself only names the line where it gave up, which is the last one.
    """
    opened: list[int] = []
    previous = ""
    for line, kind, value in environment.lex(source):
        if previous == "block_begin" and kind == "name":
            if value in _BLOCKS:
                opened.append(line)
            elif value.removeprefix("end") in _BLOCKS and opened:
                opened.pop()
        if kind != "whitespace":
            previous = kind
    return opened[-1] if opened else None


def _install_texts(environment: Environment) -> None:
    """Texts come from the catalogue of whoever reads this mail, and are text, never markup."""
    # The extension adds this method while it is loaded, where no type checker can see it.
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(_gettext, _ngettext, newstyle=True)


@pass_context
def _gettext(context: Context, text: str) -> str:
    return _as_text(context, _reader(context).texts.gettext(text))


@pass_context
def _ngettext(context: Context, singular: str, plural: str, number: int) -> str:
    return _as_text(context, _reader(context).texts.ngettext(singular, plural, number))


def _as_text(context: Context, text: str) -> str:
    return escape(text) if context.eval_ctx.autoescape else text


@pass_context
def _money(context: Context, amount: Decimal, currency: str | None) -> str:
    return _reader(context).money(amount, currency or context["shop"].currency)


@pass_context
def _date(context: Context, moment: datetime) -> str:
    return _reader(context).date(moment)


@pass_context
def _time(context: Context, moment: datetime) -> str:
    return _reader(context).time(moment)


@pass_context
def _percent(context: Context, value: Decimal) -> str:
    return _reader(context).percent(value)


@pass_context
def _clip(context: Context, text: str, length: int = _CLIPPED) -> str:
    return _reader(context).isolated(_clipped(text, length))


def _clipped(text: str, length: int) -> str:
    """The text, or its beginning up to the end of a word, with an ellipsis."""
    if len(text) <= length:
        return text
    beginning = text[: length - 1]
    whole_words, _, _ = beginning.rpartition(" ")
    return (whole_words or beginning).rstrip(" ,;:-") + "…"


def _reader(context: Context) -> Reader:
    return cast("Reader", context["reader"])
