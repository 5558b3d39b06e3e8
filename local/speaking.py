"""How commands speak: words for people, JSON for programs, logs from the first setting on."""

import json
import logging
import sys
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from config import Settings, doubts, read_settings
from logs import set_up_logs

logger = logging.getLogger(__name__)

#: Where nobody looks, nothing is wrapped: it is searched, copied and kept.
_UNWRAPPED: Final = 10_000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def tell(value: Any, words: Any, *, as_json: bool) -> None:
    """Print `words` for people, or `value` as JSON for programs."""
    if as_json:
        typer.echo(json.dumps(value))
    else:
        width = None if sys.stdout.isatty() else _UNWRAPPED
        Console(soft_wrap=True, width=width).print(words, markup=False, highlight=False)


def settings_of_this_process() -> Settings:
    """The settings of this process, which logs from here on; raises WrongSetting."""
    settings = read_settings()
    set_up_logs(form=settings.log_format, level=settings.log_level)
    for doubt in doubts():
        logger.warning(doubt)
    return settings
