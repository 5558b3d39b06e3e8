"""What a rule found, told to the person who can mend it."""

from dataclasses import dataclass
from enum import StrEnum

from sending.mails.error import TemplateError


class Severity(StrEnum):
    """Whether a mail may leave like this."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: where it is, which rule it breaks, and the cure in a sentence.

    `file` is relative to the folder of mails, or of catalogues when it is one of these. `line`
    is None where the whole mail is meant.
    """

    rule: str
    file: str
    sentence: str
    line: int | None = None
    severity: Severity = Severity.ERROR

    @classmethod
    def of(cls, error: TemplateError) -> "Finding":
        """What keeps a mail from being made at all."""
        place = error.file if error.line is None else f"{error.file}:{error.line}"
        sentence = str(error).removeprefix(f"{place}: ")
        return cls("template", error.file, sentence, line=error.line)

    @property
    def place(self) -> str:
        """`cart-abandonment/kept-for-you.mjml:12`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.sentence} [{self.rule}]"
