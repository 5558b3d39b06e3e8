"""The rule that a mail can be read, whatever its reader's screen is set to."""

from collections.abc import Iterator

from sending.checking.colours import unreadable
from sending.checking.finding import Finding
from sending.checking.rendering import Rendering


def readable(rendering: Rendering) -> Iterator[Finding]:
    """Words stand out from what is behind them, in the light and in the dark."""
    for scheme, dark in (("light", False), ("dark", True)):
        for faint in unreadable(rendering.page, dark=dark):
            sentence = (
                f"“{faint.words}” is hard to read in {scheme} mode (contrast {faint.ratio}, "
                f"{faint.needed} is the least): make it stand out from what is behind it."
            )
            yield rendering.wrong("contrast", sentence)
