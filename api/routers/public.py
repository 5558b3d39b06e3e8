"""The pages behind the links of mails: for people, without key, cookie or script.

A link may be opened by programs that look for dangers, so a GET never changes anything; only a
POST does, from the page's button or from the mail program's own (RFC 8058).
"""

import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from api.dependencies import CatalogueDep, IntakeDep, PagesDep, ServicesDep
from api.errors import RETRY_AFTER
from api.openapi import headers
from api.pages import Pages
from api.quotas import QuotaByAddress
from api.readers import Reader, languages_of, read_confirmation, read_link
from api.services import Services
from domain.errors import NotFound, Unavailable
from domain.opt_in import TOPIC, Confirmation
from domain.requests import ConsentRequest
from domain.rules import Catalogue
from sending.links import BadToken

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
_ONLY_LEAVE: Final[dict[int | str, dict[str, Any]]] = {
    303: {
        "description": "The mail went to an address that is the customer's no more: to the page "
        "that unsubscribes it.",
    }
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


@router.get("/unsubscribe/{token}", summary="Page: unsubscribe?")
async def ask_to_unsubscribe(
    reader: Annotated[Reader, Depends(read_link)], pages: PagesDep
) -> HTMLResponse:
    """Ask whether the reader wants no more marketing by e-mail. Changes nothing."""
    return pages.page("unsubscribe.html", locales=reader.locales, address=reader.address)


@router.post("/unsubscribe/{token}", summary="Unsubscribe")
async def unsubscribe(
    reader: Annotated[Reader, Depends(read_link)],
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
            reader.customer_id,
            changes,
            source="unsubscribe",
            evidence=evidence,
            message_id=reader.message_id,
        )
    token = reader.token if reader.is_theirs else None
    return pages.page(
        "unsubscribed.html", locales=reader.locales, address=reader.address, token=token
    )


@router.get("/preferences/{token}", summary="Page: what may we send?", responses=_ONLY_LEAVE)
async def ask_for_preferences(
    reader: Annotated[Reader, Depends(read_link)], catalogue: CatalogueDep, pages: PagesDep
) -> Response:
    """Show what the reader is subscribed to. Changes nothing."""
    if not reader.is_theirs:
        return _only_leave(reader)
    return _preferences(pages, reader, _topics(catalogue), chosen=reader.topics, saved=False)


@router.post("/preferences/{token}", summary="Choose what to receive", responses=_ONLY_LEAVE)
async def choose_preferences(
    reader: Annotated[Reader, Depends(read_link)],
    request: Request,
    catalogue: CatalogueDep,
    intake: IntakeDep,
    pages: PagesDep,
) -> Response:
    """Record what the reader checked and unchecked. What stays as it was is left alone."""
    if not reader.is_theirs:
        return _only_leave(reader)
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
                reader.customer_id,
                changes,
                source="preferences",
                evidence=reader.evidence(request),
                message_id=reader.message_id,
            )
    return _preferences(pages, reader, topics, chosen=chosen, saved=True)


@router.get("/confirm/{token}", summary="Page: do you want to be written to?", responses=_OUTDATED)
async def ask_to_confirm(
    reader: Annotated[Reader, Depends(read_confirmation)], services: ServicesDep, pages: PagesDep
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
    reader: Annotated[Reader, Depends(read_confirmation)],
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


def _only_leave(reader: Reader) -> RedirectResponse:
    """Whoever reads what went to another address than the customer's has nothing else to choose."""
    return RedirectResponse(f"/unsubscribe/{reader.token}", HTTPStatus.SEE_OTHER)


def _confirmed(pages: Pages, reader: Reader, services: Services) -> HTMLResponse:
    return pages.page(
        "confirmed.html",
        locales=reader.locales,
        address=reader.address,
        preferences=services.links.preferences(reader.customer_id, reader.message_id or ""),
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


def _later(request: Request, status: HTTPStatus, seconds: int) -> HTMLResponse:
    page = _sorry(request, "later.html", status)
    page.headers["Retry-After"] = str(seconds)
    return page


def _sorry(request: Request, name: str, status: HTTPStatus) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    return pages.page(name, locales=languages_of(request), status=status)
