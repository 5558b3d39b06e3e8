"""Who opens a link of a mail: the customer it was sent for, or whoever has their old mailbox."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from api.dependencies import ServicesDep
from api.paths import LinkToken
from api.services import Services
from domain.opt_in import CHANNEL
from sending.links import LinkSubject
from store.customers import customer_by_id, has_address
from store.deliveries import mailbox_of

_LONGEST_AGENT: Final = 255


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a link was made for. An erased person has neither address nor consents left."""

    token: str
    customer_id: str
    message_id: str | None
    address: str | None
    #: Whether the address that the mail went to is still the customer's.
    is_theirs: bool
    #: The topics that they may be written about by e-mail.
    topics: frozenset[str]
    #: Those that wait for their confirmation.
    pending: frozenset[str]
    locales: tuple[str | None, ...]

    def evidence(self, request: Request, **more: Any) -> dict[str, Any]:
        """What proves the change later on."""
        agent = request.headers.get("user-agent", "")[:_LONGEST_AGENT]
        return {"message_id": self.message_id, "user_agent": agent, **more}


async def read_link(token: LinkToken, request: Request, services: ServicesDep) -> Reader:
    """Who reads the mail that this link stood in; raises BadToken."""
    return await _read(services.links.read(token), token, request, services)


async def read_confirmation(token: LinkToken, request: Request, services: ServicesDep) -> Reader:
    """Who was asked by this link for a confirmation; raises BadToken."""
    return await _read(services.links.read_confirmation(token), token, request, services)


async def _read(subject: LinkSubject, token: str, request: Request, services: Services) -> Reader:
    async with services.database.reading() as session:
        customer = await customer_by_id(session, subject.customer_id)
        told = subject.message_id and await mailbox_of(session, subject.message_id)
        address = told or (customer.email if customer else None)
        is_theirs = not (told and customer) or await has_address(session, customer.id, told)
    consents, pending = (customer.consents, customer.pending) if customer else ({}, {})
    return Reader(
        token=token,
        customer_id=customer.id if customer else subject.customer_id,
        message_id=subject.message_id,
        address=_masked(address) if customer and address else None,
        is_theirs=is_theirs,
        topics=frozenset(topic for topic, channels in consents.items() if CHANNEL in channels),
        pending=frozenset(topic for topic, channels in pending.items() if CHANNEL in channels),
        locales=(customer.locale if customer else None, *languages_of(request)),
    )


def languages_of(request: Request) -> tuple[str, ...]:
    """The languages that the browser asks for, the dearest first."""
    wanted = request.headers.get("accept-language", "")
    return tuple(part.partition(";")[0].strip() for part in wanted.split(",")[:10])


def _masked(address: str) -> str:
    """Enough of the address to know one's own: the link may have been passed on."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"
