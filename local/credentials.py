"""What an installation on this machine makes up for itself, kept readable by its owner only."""

import os
import secrets
from pathlib import Path

_OWNER_ONLY = 0o600


def secret_of(folder: Path, name: str = "secret.key") -> str:
    """A secret of this data folder: made once, the same ever after. By default it signs links."""
    path = folder / name
    if not (kept := recall(path)):
        kept = secrets.token_urlsafe(48)
        keep(path, kept)
    return kept


def recall(path: Path) -> str | None:
    """What `keep` wrote to `path`, if anything."""
    try:
        return path.read_text().strip() or None
    except FileNotFoundError:
        return None


def keep(path: Path, value: str) -> None:
    """Write `value` to `path`, for the owner's eyes only, wholly or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
