"""Logs: one line for each event on standard error, the same in every program.

What a program says of an event is its name and the values beside it (`extra`): ids, addresses of
machines, reasons. Nothing that tells who a customer is, and no secret.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

LogFormat = Literal["logfmt", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

#: Those who speak in our words. Libraries are heard from `warning` on: more of them would quote
#: statements and addresses.
OURS: Final = (
    *("activities", "api", "cli", "config", "dispatch", "doctor", "domain", "intake", "local"),
    *("runtime", "sending", "store", "uvicorn.error", "worker", "workflows"),
)
#: What every record has, and what others put there for terminals.
_USUAL: Final = {*vars(logging.makeLogRecord({})), "asctime", "color_message", "taskName"}
_PLAIN: Final = re.compile(r'[^\s"=\\]+')


def set_up_logs(*, form: LogFormat, level: LogLevel) -> None:
    """Let this process log from `level` on: as logfmt for people, or as JSON for programs."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_WRITTEN[form]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


class LineFormatter(logging.Formatter):
    """Writes a record with its values, so that no value can begin a line of its own."""

    def __init__(self, written: Callable[[Mapping[str, Any]], str]) -> None:
        super().__init__()
        self._written = written

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return self._written(fields)


def _logfmt(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


def _quoted(value: Any) -> str:
    text = json.dumps(value, default=str) if isinstance(value, Mapping | list) else str(value)
    is_plain = _PLAIN.fullmatch(text) and text.isprintable()
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, default=str, ensure_ascii=False)


_WRITTEN: Final = {"logfmt": _logfmt, "json": _json}
