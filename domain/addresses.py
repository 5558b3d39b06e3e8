"""E-mail addresses: which can be written to, and how two are compared."""

from email_validator import EmailNotValidError, validate_email


def normalised(address: str) -> str | None:
    """The address as it is written to, or None when mail to it cannot work."""
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def is_deliverable(address: str) -> bool:
    """Whether mail to this address can work, as far as its form tells."""
    return normalised(address) is not None
