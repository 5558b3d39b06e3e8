"""Rules on what an inbox shows of a mail, and on its text part."""

from collections.abc import Iterator
from typing import Final

from sending.checking.finding import Finding
from sending.checking.page_rules import Rule
from sending.checking.rendering import Rendering

#: Characters: phones show about 40, desktops about 60; beyond 78 headers are folded.
_SHORT_SUBJECT: Final = 60
_LONGEST_SUBJECT: Final = 78
#: Characters: with fewer, inboxes go on with whatever comes next; more is cut off everywhere.
_PREHEADER: Final = range(40, 111)


def subject(rendering: Rendering) -> Iterator[Finding]:
    """Read at a glance."""
    length = len(rendering.mail.subject)
    if length == 0:
        yield rendering.wrong("subject", f"the subject is empty {_when(rendering)}: write one.")
    elif length > _LONGEST_SUBJECT:
        sentence = f"the subject has {length} characters {_when(rendering)}: 78 fit, |clip titles."
        yield rendering.wrong("subject", sentence)
    elif length > _SHORT_SUBJECT and rendering.sample.is_typical:
        sentence = f"the subject has {length} characters {_when(rendering)}: inboxes show about 60."
        yield rendering.doubtful("subject", sentence)


def preheader(rendering: Rendering) -> Iterator[Finding]:
    """Adds to the subject, and fills its line."""
    length = len(rendering.mail.preheader)
    if length == 0:
        sentence = f"the preheader is empty {_when(rendering)}: add what the subject does not say."
        yield rendering.wrong("preheader", sentence)
    elif length not in _PREHEADER:
        sentence = f"the preheader has {length} characters {_when(rendering)}: 40 to 110 are seen."
        yield rendering.doubtful("preheader", sentence)
    elif rendering.mail.preheader == rendering.mail.subject:
        sentence = f"the preheader repeats the subject {_when(rendering)}: add something to it."
        yield rendering.doubtful("preheader", sentence)


def text_part(rendering: Rendering) -> Iterator[Finding]:
    """Says the same as the HTML, and leads to the same places."""
    text = rendering.mail.text
    if not text.strip():
        yield rendering.wrong("text", f"the text part is empty {_when(rendering)}: write mj-text.")
        return
    for link in rendering.links():
        address = link.get("href", "").removeprefix("mailto:")
        if address not in text:
            sentence = (
                f"the text part lacks the link to {address} {_when(rendering)}: do not hide it "
                "with aria-hidden."
            )
            yield rendering.wrong("text", sentence)


def _when(rendering: Rendering) -> str:
    return f"in “{rendering.mail.locale}” {rendering.situation}"


WORDING_RULES: Final[tuple[Rule, ...]] = (subject, preheader, text_part)
