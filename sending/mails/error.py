"""What is wrong with a template, told to the person who writes templates."""

from domain.errors import DormouseError


class TemplateError(DormouseError):
    """A mail cannot be made; the message names the file, the line if known, and the cure."""

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        super().__init__(f"{file}: {message}" if line is None else f"{file}:{line}: {message}")
        self.file = file
        self.line = line
