"""The pages behind the links of mails: for people, without key, cookie or script.

A link may be opened by programs that look for dangers, so a GET never changes anything; only a
POST does, from the page's button or from the mail program's own (RFC 8058).
"""

import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from api.dependencies import CatalogueDep, IntakeDep, PagesDep, ServicesDep
from api.errors import RETRY_AFTER
from api.openapi import headers
from api.pages import Pages
from api.paths import LinkToken
from api.quotas import QuotaByAddress
from api.services import Services
from domain.errors import NotFound, Unavailable
from domain.opt_in import TOPIC, Confirmation
from domain.requests import ConsentRequest
from domain.rules import Catalogue
from sending.links import BadToken, LinkSubject
from store.customers import customer_by_id

_EMAIL: Final = "email"
_LONGEST_AGENT: Final = 255
#: What a person agrees to or refuses, by topic, in the words of the page (then translated).
_WORDING: Final[Mapping[str, str]] = {
    "marketing": "Offers, reminders and recommendations by email",
}


class _PageRoute(APIRoute):
    """A route whose failures are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, and a page for what goes wrong in it."""
        answer = super().get_route_handler()

        async def answer_with_a_page(request: Request) -> Response:
            visitors: QuotaByAddress = request.app.state.visitors
            if wait := visitors.of(request.scope).admit():
                return _later(request, HTTPStatus.TOO_MANY_REQUESTS, math.ceil(wait))
            try:
                return await answer(request)
            except BadToken:
                return _sorry(request, "unknown-link.html", HTTPStatus.NOT_FOUND)
            except Unavailable:
                return _later(request, HTTPStatus.SERVICE_UNAVAILABLE, RETRY_AFTER)

        return answer_with_a_page


def _page_saying(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


_OUTDATED: Final[dict[int | str, dict[str, Any]]] = {
    410: _page_saying("A page that says: sign up again, this link is too old.")
}

router = APIRouter(
    tags=["Public pages"],
    route_class=_PageRoute,
    default_response_class=HTMLResponse,
    responses={
        404: _page_saying("A page that says: this link is none of ours."),
        429: {
            **_page_saying("A page that says: come back later."),
            "headers": headers("Retry-After"),
        },
        503: {
            **_page_saying("A page that says: come back later."),
            "headers": headers("Retry-After"),
        },
    },
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a link was made for. An erased person has neither address nor consents left."""

    token: str
    customer_id: str
    message_id: str | None
    address: str | None
    #: The topics that they may be written about by e-mail.
    topics: frozenset[str]
    #: Those that wait for their confirmation.
    pending: frozenset[str]
    locales: tuple[str | None, ...]

    def evidence(self, request: Request, **more: Any) -> dict[str, Any]:
        """What proves the change later on."""
        agent = request.headers.get("user-agent", "")[:_LONGEST_AGENT]
        return {"message_id": self.message_id, "user_agent": agent, **more}


async def _reader(token: LinkToken, request: Request, services: ServicesDep) -> Reader:
    return await _read(services.links.read(token), token, request, services)


async def _confirmer(token: LinkToken, request: Request, services: ServicesDep) -> Reader:
    return await _read(services.links.read_confirmation(token), token, request, services)


async def _read(subject: LinkSubject, token: str, request: Request, services: Services) -> Reader:
    async with services.database.reading() as session:
        customer = await customer_by_id(session, subject.customer_id)
    consents, pending = (customer.consents, customer.pending) if customer else ({}, {})
    return Reader(
        token=token,
        customer_id=customer.id if customer else subject.customer_id,
        message_id=subject.message_id,
        address=_masked(customer.email) if customer and customer.email else None,
        topics=frozenset(topic for topic, channels in consents.items() if _EMAIL in channels),
        pending=frozenset(topic for topic, channels in pending.items() if _EMAIL in channels),
        locales=(customer.locale if customer else None, *_languages(request)),
    )


@router.get("/unsubscribe/{token}", summary="Page: unsubscribe?")
async def ask_to_unsubscribe(
    reader: Annotated[Reader, Depends(_reader)], pages: PagesDep
) -> HTMLResponse:
    """Ask whether the reader wants no more marketing by e-mail. Changes nothing."""
    return pages.page("unsubscribe.html", locales=reader.locales, address=reader.address)


@router.post("/unsubscribe/{token}", summary="Unsubscribe")
async def unsubscribe(
    reader: Annotated[Reader, Depends(_reader)],
    request: Request,
    catalogue: CatalogueDep,
    intake: IntakeDep,
    pages: PagesDep,
) -> HTMLResponse:
    """End all marketing by e-mail: the page's button, or one click in a mail program (RFC 8058)."""
    one_click = b"One-Click" in await request.body()
    changes = [_change(topic, granted=False) for topic in _topics(catalogue)]
    evidence = reader.evidence(request, one_click=one_click)
    with suppress(NotFound):  # erased since: nobody is left to write to
        await intake.change_consent(
            reader.customer_id, changes, source="unsubscribe", evidence=evidence
        )
    return pages.page(
        "unsubscribed.html", locales=reader.locales, address=reader.address, token=reader.token
    )


@router.get("/preferences/{token}", summary="Page: what may we send?")
async def ask_for_preferences(
    reader: Annotated[Reader, Depends(_reader)], catalogue: CatalogueDep, pages: PagesDep
) -> HTMLResponse:
    """Show what the reader is subscribed to. Changes nothing."""
    return _preferences(pages, reader, _topics(catalogue), chosen=reader.topics, saved=False)


@router.post("/preferences/{token}", summary="Choose what to receive")
async def choose_preferences(
    reader: Annotated[Reader, Depends(_reader)],
    request: Request,
    catalogue: CatalogueDep,
    intake: IntakeDep,
    pages: PagesDep,
) -> HTMLResponse:
    """Record what the reader checked and unchecked. What stays as it was is left alone."""
    form = await request.form()
    topics = _topics(catalogue)
    chosen = frozenset(topic for topic in topics if f"{topic}.{_EMAIL}" in form)
    changes = [
        _change(topic, granted=topic in chosen, wording=pages.say(_wording(topic), reader.locales))
        for topic in topics
        if (topic in chosen) != (topic in reader.topics)
    ]
    if changes:
        with suppress(NotFound):  # erased since
            await intake.change_consent(
                reader.customer_id, changes, source="preferences", evidence=reader.evidence(request)
            )
    return _preferences(pages, reader, topics, chosen=chosen, saved=True)


@router.get("/confirm/{token}", summary="Page: do you want to be written to?", responses=_OUTDATED)
async def ask_to_confirm(
    reader: Annotated[Reader, Depends(_confirmer)], services: ServicesDep, pages: PagesDep
) -> HTMLResponse:
    """Ask whether the reader wants what was asked for with their address. Changes nothing."""
    if TOPIC in reader.topics:
        return _confirmed(pages, reader, services)
    if TOPIC not in reader.pending:
        return _outdated(pages, reader)
    return pages.page(
        "confirm.html",
        locales=reader.locales,
        address=reader.address,
        wording=pages.say(_wording(TOPIC), reader.locales),
    )


@router.post("/confirm/{token}", summary="Confirm a subscription", responses=_OUTDATED)
async def confirm(
    reader: Annotated[Reader, Depends(_confirmer)],
    request: Request,
    services: ServicesDep,
    intake: IntakeDep,
    pages: PagesDep,
) -> HTMLResponse:
    """Let the consent hold that waited for this (double opt-in). Once more changes nothing."""
    outcome = await intake.confirm(
        reader.customer_id,
        reader.message_id or "",
        wording=pages.say(_wording(TOPIC), reader.locales),
        evidence=reader.evidence(request),
    )
    if outcome is Confirmation.OUTDATED:
        return _outdated(pages, reader)
    return _confirmed(pages, reader, services)


def _confirmed(pages: Pages, reader: Reader, services: Services) -> HTMLResponse:
    return pages.page(
        "confirmed.html",
        locales=reader.locales,
        address=reader.address,
        preferences=services.links.preferences(reader.customer_id),
    )


def _outdated(pages: Pages, reader: Reader) -> HTMLResponse:
    return pages.page("outdated-link.html", locales=reader.locales, status=HTTPStatus.GONE)


def _preferences(
    pages: Pages, reader: Reader, topics: Iterable[str], *, chosen: frozenset[str], saved: bool
) -> HTMLResponse:
    choices = [
        {
            "name": f"{topic}.{_EMAIL}",
            "wording": pages.say(_wording(topic), reader.locales),
            "is_on": topic in chosen,
        }
        for topic in topics
    ]
    return pages.page(
        "preferences.html",
        locales=reader.locales,
        address=reader.address,
        choices=choices,
        saved=saved,
    )


def _topics(catalogue: Catalogue) -> list[str]:
    entries = [rules.entry for rules in catalogue.values()]
    return sorted({entry.topic for entry in entries if entry.channel == _EMAIL})


def _wording(topic: str) -> str:
    return _WORDING.get(topic, topic.capitalize())


def _change(topic: str, *, granted: bool, wording: str | None = None) -> ConsentRequest:
    return ConsentRequest(topic=topic, channel=_EMAIL, granted=granted, wording=wording)


def _masked(address: str) -> str:
    """Enough of the address to know one's own: the link may have been passed on."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def _languages(request: Request) -> tuple[str, ...]:
    wanted = request.headers.get("accept-language", "")
    return tuple(part.partition(";")[0].strip() for part in wanted.split(",")[:10])


def _later(request: Request, status: HTTPStatus, seconds: int) -> HTMLResponse:
    page = _sorry(request, "later.html", status)
    page.headers["Retry-After"] = str(seconds)
    return page


def _sorry(request: Request, name: str, status: HTTPStatus) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    return pages.page(name, locales=_languages(request), status=status)
