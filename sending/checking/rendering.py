"""A mail tried out on one sample, with what the rules ask about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from xml.etree.ElementTree import Element

from domain.messages import MessageKind
from sending.checking.finding import Finding, Severity
from sending.checking.page import parsed
from sending.context import MailContext, RenderedMail
from sending.mails.source import MailSource
from sending.samples import Sample

_NAMED: Final = ("https://", "http://", "mailto:", "tel:")


@dataclass(frozen=True)
class Rendering:
    """One mail in one language, for one sample."""

    source: MailSource
    sample: Sample
    mail: RenderedMail

    @property
    def context(self) -> MailContext:
        """What the template could name."""
        return self.sample.context

    @property
    def situation(self) -> str:
        """Who the sample is, as complaints say it: "when …"."""
        return self.sample.situation

    @cached_property
    def page(self) -> Element:
        """The tree of the HTML part."""
        return parsed(self.mail.html)

    @property
    def is_marketing(self) -> bool:
        """True for what needs a consent and a way out."""
        return self.source.kind is MessageKind.MARKETING

    def links(self) -> Iterator[Element]:
        """Every link that leads out of the mail."""
        return (a for a in self.page.iter("a") if a.get("href", "").startswith(_NAMED))

    def wrong(self, rule: str, sentence: str) -> Finding:
        """What must be mended before the mail may leave."""
        return Finding(rule, self.source.file, sentence)

    def doubtful(self, rule: str, sentence: str) -> Finding:
        """What a person should look at."""
        return Finding(rule, self.source.file, sentence, severity=Severity.WARNING)
