"""The check of all mails of a folder: `dormouse mails check`, `make check`, and the tests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sending.checking.finding import Finding
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
        for rendering in _renderings(templates, source):
            is_source_language = rendering.mail.locale == SOURCE_LANGUAGE
            for rule in (*_EVERYWHERE, *(_ONCE if is_source_language else ())):
                yield from rule(rendering)


def _renderings(templates: Templates, source: MailSource) -> Iterator[Rendering]:
    for language in templates.languages():
        for sample in SAMPLES:
            mail = templates.render(source.journey, source.step, sample.reading(language))
            yield Rendering(source, sample, mail)
