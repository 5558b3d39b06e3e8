"""What makes a mail impossible to carry, whoever is asked to carry it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from email_validator import EmailNotValidError, validate_email

from sending.channel import Mail

#: Written by the channel or by the provider itself: a mail may not bring its own.
RESERVED_HEADERS: Final = frozenset(
    {
        "bcc",
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "dkim-signature",
        "from",
        "message-id",
        "mime-version",
        "received",
        "reply-to",
        "sender",
        "subject",
        "to",
        "x-dormouse-message-id",
        "x-sg-eid",
        "x-sg-id",
    }
)

_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_ADDRESS: Final = re.compile(
    r'[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f]+@[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f]+'
)
_HEADER_NAME: Final = re.compile(r"[!-9;-~]+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_GAPS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def flaw(mail: Mail) -> str | None:
    """Why no channel can carry this mail, in one sentence; None when it is sound."""
    return next(_flaws(mail), None)


def one_line(text: str) -> str:
    """The text on one line, without control characters: fit for a subject or a name."""
    return _GAPS.sub(" ", text).strip()


def wire_address(address: str) -> str:
    """The address as servers know it: its domain in ASCII. Raises ValueError when it has none."""
    if address.isascii():
        return address
    known = validate_email(address, check_deliverability=False, test_environment=True)
    return f"{known.local_part}@{known.ascii_domain}"


def _flaws(mail: Mail) -> Iterator[str]:
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        yield f"The message id {mail.message_id!r} may hold only letters, digits, '-' and '_'."
    for part, address in _addresses(mail).items():
        if not _is_address(address):
            yield f"The {part} address {address!r} is not an e-mail address."
    yield from _text_flaws(mail)
    yield from _header_flaws(mail.headers)


def _addresses(mail: Mail) -> dict[str, str]:
    addresses = {"recipient's": mail.to_address, "sender's": mail.from_address}
    return addresses if mail.reply_to is None else {**addresses, "reply-to": mail.reply_to}


def _is_address(address: str) -> bool:
    if not _ADDRESS.fullmatch(address):
        return False
    try:
        wire_address(address)
    except EmailNotValidError:
        return False
    return True


def _text_flaws(mail: Mail) -> Iterator[str]:
    needed = {"subject": mail.subject, "text part": mail.text, "HTML part": mail.html}
    names = {"recipient's name": mail.to_name or "", "sender's name": mail.from_name}
    for part, text in needed.items():
        if not text.strip():
            yield f"The mail has no {part}: add one to its template."
    for part, text in {**needed, **names}.items():
        if not _is_encodable(text):
            yield f"The {part} holds half a surrogate pair, which no mail can carry."


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _header_flaws(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield f"{name!r} is not the name of a header."
        if name.lower() in RESERVED_HEADERS:
            yield f"The header {name} is written by the channel: take it out of the mail."
        if _CONTROLS.search(value) or not _is_encodable(value):
            yield f"The header {name} holds a line break or another control character."
