"""What is shown: each mail, in each language, for each sample, in several views."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from local.gallery.browser import View
from sending.context import RenderedMail
from sending.mails.translations import SOURCE_LANGUAGE
from sending.rendering import Templates
from sending.samples import SAMPLES, Sample

#: CSS pixels: the narrowest phone in use, and a mail program on a desk.
_PHONE, _DESK = 320, 700
PHONE: Final = View("phone", _PHONE)
DESK: Final = View("desktop", _DESK)
ALL_VIEWS: Final = (
    PHONE,
    View("phone-dark", _PHONE, is_dark=True),
    View("phone-without-images", _PHONE, has_images=False),
    DESK,
    View("desktop-dark", _DESK, is_dark=True),
)
_FEW_VIEWS: Final = (PHONE, DESK)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which mails are shown; None means all there are."""

    journey: str | None = None
    language: str | None = None
    #: Every sample in every view in every language, not only in the one mails are written in.
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A mail as one sample reads it, and how it is looked at."""

    journey: str
    step: str
    language: str
    sample: Sample
    mail: RenderedMail
    views: tuple[View, ...]

    @property
    def stem(self) -> str:
        """Where its files are, below the gallery, without their endings."""
        return f"{self.journey}/{self.step}/{self.language}-{self.sample.name}"

    @property
    def file(self) -> str:
        """The file it was written in, as findings name it."""
        return f"{self.journey}/{self.step}.mjml"

    @property
    def kilobytes(self) -> float:
        """Of HTML, as sent."""
        return len(self.mail.html.encode()) / 1024

    def picture(self, view: View) -> str:
        """Where its picture in a view is, below the gallery."""
        return f"{self.stem}.{view.name}.png"

    def page(self, gallery: Path) -> Path:
        """Its HTML, with pictures from the gallery."""
        return gallery / f"{self.stem}.html"


def exhibits(templates: Templates, choice: Choice) -> Iterator[Exhibit]:
    """What the choice asks for, by language, journey and step."""
    steps = [step for step in templates.steps() if choice.journey in {None, step[0]}]
    for language in templates.languages():
        if choice.language not in {None, language}:
            continue
        in_depth = choice.everything or language == (choice.language or SOURCE_LANGUAGE)
        samples = [sample for sample in SAMPLES if in_depth or sample.is_typical]
        views = ALL_VIEWS if in_depth else _FEW_VIEWS
        for (journey, step), sample in product(steps, samples):
            mail = templates.for_shop(language).render(journey, step, sample.reading(language))
            yield Exhibit(journey, step, language, sample, mail, views)
