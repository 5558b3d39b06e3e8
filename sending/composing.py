"""Mails as RFC 5322 messages, for the channels that carry them whole.

They are put together here, a header and a part at a time: what the library's own objects take to
parse and fold what is sound already was a fifth of the time of a mail.
"""

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator
from datetime import datetime
from email.header import Header
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Final

from sending.channel import Mail
from sending.soundness import one_line, wire_address

#: What a line of a header had better not exceed, and what it must not.
_LINE: Final = 78
_LONGEST_LINE: Final = 998
#: Seven bits, for not every mail server on the way knows eight.
_POLICY: Final = SMTP.clone(cte_type="7bit")
#: What a header's name and one encoded word may take of a line, besides what surrounds them.
_ONE_WORD: Final = 62
#: Begins an encoded word: whoever wants to be read as they wrote it is encoded themselves.
_ENCODED: Final = "=?"
#: What neither of the encodings below can write.
_BOUNDARY: Final = b"=_dormouse"
#: Bytes that fill a line once they are encoded in base64.
_BASE64_LINE: Final = 57


def compose(mail: Mail, *, sent_at: datetime) -> bytes:
    """The mail as a message: text first, then HTML. Expects a mail without flaws."""
    headers = "".join(f"{header}\r\n" for header in _headers(mail, sent_at))
    parts = (_part(b"plain", mail.text), _part(b"html", mail.html))
    body = b"".join(b"--%b\n%b\n" % (_BOUNDARY, part) for part in parts)
    return b"%b\r\n%b" % (
        headers.encode(),
        (b"%b--%b--\n" % (body, _BOUNDARY)).replace(b"\n", b"\r\n"),
    )


def message_id_of(mail: Mail) -> str:
    """The mail's Message-ID, the same each time it is composed."""
    return f"<{mail.message_id}@{wire_address(mail.from_address).partition('@')[2]}>"


def is_international(mail: Mail) -> bool:
    """True when an address has letters outside ASCII before the @, which takes SMTPUTF8."""
    addresses = (mail.to_address, mail.from_address, mail.reply_to or "")
    return not all(address.partition("@")[0].isascii() for address in addresses)


def _headers(mail: Mail, sent_at: datetime) -> Iterator[str]:
    yield f"Message-ID: {message_id_of(mail)}"
    yield f"Date: {format_datetime(sent_at)}"
    yield _person("From", mail.from_address, mail.from_name)
    yield _person("To", mail.to_address, mail.to_name)
    if mail.reply_to:
        yield _person("Reply-To", mail.reply_to, None)
    yield _sentence("Subject", one_line(mail.subject))
    yield f"X-Dormouse-Message-Id: {mail.message_id}"
    for name, value in mail.headers.items():
        yield _verbatim(name, value)
    yield "MIME-Version: 1.0"
    yield f'Content-Type: multipart/alternative; boundary="{_BOUNDARY.decode()}"'


def _person(header: str, address: str, name: str | None) -> str:
    """One person's name and address; a name that ASCII cannot write is encoded as a whole."""
    mailbox, known_as = wire_address(address), one_line(name or "")
    if not known_as:
        return f"{header}: {mailbox}"
    if known_as.isascii() and mailbox.isascii():
        line = f"{header}: {formataddr((known_as, mailbox))}"
        if _is_plain(line):
            return line
    return f"{_encoded(header, known_as)}\r\n <{mailbox}>"


def _sentence(header: str, text: str) -> str:
    """A header that people read, encoded as a whole when ASCII cannot write it on a line.

    Encoded word by word, it would lose the spaces where a line breaks.
    """
    line = f"{header}: {text}"
    return line if _is_plain(line) else _encoded(header, text)


def _is_plain(line: str) -> bool:
    return line.isascii() and len(line) <= _LINE and _ENCODED not in line


def _encoded(header: str, text: str) -> str:
    word = b2a_base64(text.encode(), newline=False).decode()
    if len(header) + len(word) <= _ONE_WORD:
        return f"{header}: =?utf-8?b?{word}?="
    words = Header(text, "utf-8", header_name=header).encode(linesep="\r\n")
    return f"{header}: {words}"


def _verbatim(header: str, value: str) -> str:
    """A header of our own, never folded inside a word.

    The library would encode a link longer than a line (`=?utf-8?q?=3Chttps…`), and no mail
    program finds List-Unsubscribe in that.
    """
    line = f"{header}: {value}"
    if line.isascii() and len(line) <= _LONGEST_LINE:
        return line
    folded: str = _POLICY.header_factory(header, value).fold(policy=_POLICY)
    return folded.removesuffix("\r\n")


def _part(subtype: bytes, text: str) -> bytes:
    """A text as a part of a message, in the encoding that takes less of it."""
    lines = b"\n".join(text.encode().splitlines()) + b"\n"
    encoding, content = b"quoted-printable", b2a_qp(lines)
    if len(content) > len(lines) * 3 / 2:  # a script whose letters take three bytes each
        encoding, content = b"base64", _base64(lines.replace(b"\n", b"\r\n"))
    return b'Content-Type: text/%b; charset="utf-8"\nContent-Transfer-Encoding: %b\n\n%b' % (
        subtype,
        encoding,
        content,
    )


def _base64(content: bytes) -> bytes:
    starts = range(0, len(content), _BASE64_LINE)
    return b"".join(b2a_base64(content[start : start + _BASE64_LINE]) for start in starts)
