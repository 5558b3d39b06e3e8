"""Mails as RFC 5322 messages, for the channels that carry them whole."""

from datetime import datetime
from email.header import Header
from email.headerregistry import (
    Address,
    AddressHeader,
    BaseHeader,
    HeaderRegistry,
    UnstructuredHeader,
)
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Final

from sending.channel import Mail
from sending.soundness import one_line, wire_address

_LONGEST_LINE: Final = 998


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header of our own, never folded inside a word.

    The library would encode a link longer than a line (`=?utf-8?q?=3Chttps…`), and no mail
    program finds List-Unsubscribe in that.
    """

    def fold(self, *, policy: Policy) -> str:
        line = f"{self.name}: {self}"
        if line.isascii() and len(line) <= _LONGEST_LINE:
            return line + policy.linesep
        return super().fold(policy=policy)


class _Sentence(UnstructuredHeader, BaseHeader):
    """A subject, encoded as a whole when ASCII cannot write it.

    The library would encode word by word and lose the spaces where it breaks the line.
    """

    max_count = 1

    def fold(self, *, policy: Policy) -> str:
        if self.isascii():
            return super().fold(policy=policy)
        encoded = Header(self, "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {encoded}{policy.linesep}"


class _Mailbox(AddressHeader, BaseHeader):  # type: ignore[misc]  # as the library mixes them
    """One person's name and address. The name is encoded as a whole, like a subject."""

    max_count = 1

    def fold(self, *, policy: Policy) -> str:
        [person] = self.addresses
        if person.display_name.isascii():
            return super().fold(policy=policy)
        name = Header(person.display_name, "utf-8", header_name=self.name)
        lines = f"{self.name}: {name.encode(linesep=policy.linesep)}", f" <{person.addr_spec}>", ""
        return policy.linesep.join(lines)


class _Registry(HeaderRegistry):
    """The library makes a class for each header of each mail; here it does so once."""

    def __init__(self) -> None:
        super().__init__(default_class=_Verbatim)
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


def _headers() -> HeaderRegistry:
    registry = _Registry()
    registry.map_to_type("subject", _Sentence)
    for name in ("from", "to", "reply-to"):
        registry.map_to_type(name, _Mailbox)
    return registry


#: Seven bits, for not every mail server on the way knows eight.
_POLICY: Final = SMTP.clone(cte_type="7bit", header_factory=_headers())
#: For addresses that ASCII cannot write (RFC 6532); only servers with SMTPUTF8 take them.
_INTERNATIONAL: Final = _POLICY.clone(utf8=True)


def compose(mail: Mail, *, sent_at: datetime) -> EmailMessage:
    """The mail as a message: text first, then HTML. Expects a mail without flaws."""
    message = EmailMessage(policy=_INTERNATIONAL if is_international(mail) else _POLICY)
    message["Message-ID"] = (
        f"<{mail.message_id}@{wire_address(mail.from_address).partition('@')[2]}>"
    )
    message["Date"] = sent_at
    message["From"] = _person(mail.from_address, mail.from_name)
    message["To"] = _person(mail.to_address, mail.to_name)
    if mail.reply_to:
        message["Reply-To"] = _person(mail.reply_to, None)
    message["Subject"] = one_line(mail.subject)
    message["X-Dormouse-Message-Id"] = mail.message_id
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def is_international(mail: Mail) -> bool:
    """True when an address has letters outside ASCII before the @, which takes SMTPUTF8."""
    addresses = (mail.to_address, mail.from_address, mail.reply_to or "")
    return not all(address.partition("@")[0].isascii() for address in addresses)


def _person(address: str, name: str | None) -> Address:
    local, _, domain = wire_address(address).partition("@")
    return Address(one_line(name or ""), local, domain)
