"""From a mail as it was written to templates that only need a person."""

import html
from dataclasses import dataclass, replace
from typing import Final

import mrml
from jinja2 import Template, TemplateSyntaxError
from jinja2.exceptions import TemplateError as JinjaError

from domain.messages import MessageKind
from sending.mails.markup import check_markup
from sending.mails.names import attributes, unknown_names
from sending.mails.plain_text import text_template
from sending.mails.source import MailSource
from sending.mails.syntax import mail_syntax, unclosed_block

#: What the law wants in a marketing mail, wherever it stands.
_OWED: Final = {
    "links.unsubscribe": "a link to {{ links.unsubscribe }}",
    "shop.postal_address": "{{ shop.postal_address }}",
}
#: Whoever shows this asks for a consent, and may not behave as if it were given.
_CONFIRMING: Final = "confirmation.url"
#: No fonts from elsewhere: by default a well-known name in a list of fonts fetches it from Google.
_RENDERING: Final = mrml.RenderOptions(fonts={})
#: Invisible and wide: keeps inboxes from showing the beginning of the mail after the preheader.
_FILLER: Final = "&#847;&zwnj;&nbsp;" * 60


@dataclass(frozen=True, slots=True)
class CompiledMail:
    """A mail whose every part is a compiled Jinja template."""

    source: MailSource
    subject: Template
    preheader: Template
    html: Template
    text: Template


class MailCompiler:
    """Compiles mails, and refuses what would go wrong later."""

    def __init__(self) -> None:
        self._html = mail_syntax(autoescape=True)
        self._text = mail_syntax(autoescape=False)

    def compile(self, source: MailSource) -> CompiledMail:
        """The compiled mail; raises TemplateError naming file, line and cure."""
        check_markup(source)
        self._check_names(source)
        subject = _head(source, "mj-title", "subject")
        preheader = _head(source, "mj-preview", "preheader")
        try:
            return CompiledMail(
                source=source,
                subject=self._text.from_string(subject),
                preheader=self._text.from_string(preheader),
                html=self._html.from_string(_html(source)),
                text=self._text.from_string(text_template(source.mjml)),
            )
        except JinjaError as error:
            cure = f"broken Jinja ({error}): begin and end each block within the same tag."
            raise source.wrong(cure) from error

    def _check_names(self, source: MailSource) -> None:
        try:
            tree = self._html.parse(source.mjml)
        except TemplateSyntaxError as error:
            message = error.message or ""
            is_unfinished = message.startswith("Unexpected end of template")
            line = unclosed_block(self._html, source.mjml) if is_unfinished else error.lineno
            raise source.wrong(f"broken Jinja: {message}", line) from error
        for line, complaint in unknown_names(tree, self._html):
            raise source.wrong(complaint, line)
        if source.kind is not MessageKind.TRANSACTIONAL and _CONFIRMING in attributes(tree):
            cure = "declare <!-- kind: transactional --> and leave out what advertises."
            raise source.wrong(f"a mail that asks for a confirmation is no advertisement: {cure}")
        if source.kind is MessageKind.MARKETING:
            for name in sorted(_OWED.keys() - attributes(tree)):
                raise source.wrong(f"a marketing mail must show {_OWED[name]}: include a footer.")


def _head(source: MailSource, tag: str, word: str) -> str:
    content = html.unescape(source.head(tag))
    if not content:
        raise source.wrong(f"the {word} is missing: write <{tag}> into <mj-head>.")
    return content


def _html(source: MailSource) -> str:
    """The compiled HTML; subject and preheader are put in when they have been rendered."""
    ready = replace(source, mjml=source.with_head("mj-title", "{{ subject }}"))
    try:
        mjml = ready.with_head("mj-preview", "{{ preheader }}" + _FILLER)
        return mrml.to_html(mjml, render_options=_RENDERING).content
    except OSError as error:
        cure = f"broken MJML ({error}): is every “<” in a text or in Jinja written another way?"
        raise source.wrong(cure) from error
