"""The check of all mails of a folder: `dormouse mails check`, `make check`, and the tests."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from sending.checking.finding import Finding, Severity
from sending.checking.languages import language_findings
from sending.checking.markup import markup_findings
from sending.checking.page_rules import PAGE_RULES
from sending.checking.reading_rules import readable
from sending.checking.rendering import Rendering
from sending.checking.wording_rules import WORDING_RULES
from sending.mails.compiler import MailCompiler
from sending.mails.error import TemplateError
from sending.mails.source import MailSource, read_mails
from sending.mails.translations import SOURCE_LANGUAGE
from sending.rendering import Templates
from sending.samples import SAMPLES

#: What does not depend on the language is looked at in one.
_EVERYWHERE = WORDING_RULES
_ONCE = (*PAGE_RULES, readable)


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what was found."""

    mails: int
    languages: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings keep mails from being sent as they are."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many a person should look at."""
        return len(self.findings) - self.errors

    def as_dict(self) -> dict[str, Any]:
        """The report for programs."""
        findings = [asdict(finding) for finding in self.findings]
        return {"mails": self.mails, "languages": self.languages, "findings": findings}

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        looked_at = (
            f"{_counted(self.mails, 'mail')} in {', '.join(self.languages) or 'no language'}"
        )
        counts = f"{_counted(self.errors, 'error')}, {_counted(self.warnings, 'warning')}"
        return "\n".join([*lines, f"{looked_at}: {counts}."])


def check_mails(folder: Path) -> Report:
    """Everything that is wrong or doubtful with the mails and catalogues of a folder.

    When some mails cannot be made at all, these are told; the rest is looked at once they can.
    """
    languages = [path.parent.parent.name for path in _catalogues(folder)]
    try:
        templates = Templates(folder)
    except TemplateError as error:
        found = (*_broken(folder, error), *language_findings(folder))
        return Report(0, (), _in_order(found))
    found = (*language_findings(folder), *_looked_at(templates))
    mails = len(list(templates.steps()))
    return Report(mails, (SOURCE_LANGUAGE, *languages), _in_order(found))


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' * (number != 1)}"


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, by file and line."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.file, one.line or 0)))


def _catalogues(folder: Path) -> Iterable[Path]:
    return sorted((folder / "locale").glob("*/LC_MESSAGES/mails.po"))


def _broken(folder: Path, first: TemplateError) -> Iterator[Finding]:
    """What keeps mails from being made: `first`, and the same of every other mail."""
    yield Finding.of(first)
    compiler = MailCompiler()
    try:
        for source in read_mails(folder / "mails"):
            try:
                compiler.compile(source)
            except TemplateError as error:
                yield Finding.of(error)
    except TemplateError as unreadable:
        yield Finding.of(unreadable)


def _looked_at(templates: Templates) -> Iterator[Finding]:
    for journey, step in templates.steps():
        source = templates.source(journey, step)
        yield from markup_findings(source)
        told: set[str] = set()
        for rendering in _renderings(templates, source):
            for finding in _told_by_rules(rendering):
                # What holds for several samples is told of the first.
                words = finding.sentence.replace(rendering.situation, "")
                if words not in told:
                    told.add(words)
                    yield finding


def _told_by_rules(rendering: Rendering) -> Iterator[Finding]:
    is_source_language = rendering.mail.locale == SOURCE_LANGUAGE
    for rule in (*_EVERYWHERE, *(_ONCE if is_source_language else ())):
        yield from rule(rendering)


def _renderings(templates: Templates, source: MailSource) -> Iterator[Rendering]:
    for language, sample in product(templates.languages(), SAMPLES):
        shop = templates.for_shop(language)
        mail = shop.render(source.journey, source.step, sample.reading(language))
        yield Rendering(source, sample, mail)
