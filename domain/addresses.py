"""E-mail addresses: which can be written to, and how two are compared."""

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email


@lru_cache(maxsize=4_096)  # asked at the gateway's door, and again when it is kept
def normalised(address: str) -> str | None:
    """The address as it is written to, or None when mail to it cannot work."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def is_deliverable(address: str) -> bool:
    """Whether mail to this address can work, as far as its form tells."""
    return normalised(address) is not None
