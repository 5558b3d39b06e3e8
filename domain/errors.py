"""What can go wrong, as the callers of Dormouse may have to know it.

DormouseError
├── NotFound            nothing has this id
├── Refused             understood, but against the rules as they stand (carries a code)
├── Invalid             the request itself is wrong (carries the place)
└── Unavailable         a part we need does not answer now; try again
"""


class DormouseError(Exception):
    """Base of all expected errors. The message is one sentence and says what to do."""


class NotFound(DormouseError):
    """Nothing has this id."""


class Refused(DormouseError):
    """The request is well-formed but the rules forbid it now; `code` names the rule."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Invalid(DormouseError):
    """The request is wrong in itself; `field` says where, as a path like `settings.wait`."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unavailable(DormouseError):
    """A part that we need (database, Temporal) does not answer now; the same request may later."""
