"""The outbox's pages: the mails of an installation that sends none, to look at in a browser."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import TypeAdapter

from api.dependencies import PagesDep, ServicesDep, SessionDep, SettingsDep
from api.pages import TEMPLATES
from api.paging import PageDep, SortTime
from api.schemas.runs import temporal_url
from config import Sender
from domain.errors import NotFound
from domain.messages import MessageStatus
from store import tables
from store.messages import MessageFilter, find_message, list_messages
from store.runs import find_run
from store.sessions import AsyncSession

#: What a mail may do in the browser: show pictures and its own styles, open links elsewhere.
_MAIL_POLICY: Final = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
_MAIL_HEADERS: Final = {
    "Content-Security-Policy": _MAIL_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_OWN_STYLE: Final = "style-src-elem 'self'"
_BEHIND: Final = TypeAdapter(tuple[SortTime, str])
#: How a message's status looks in the list; the others are neither good nor bad.
_MOODS: Final = {
    MessageStatus.ACCEPTED: "good",
    MessageStatus.DELIVERED: "good",
    MessageStatus.UNKNOWN: "bad",
    MessageStatus.FAILED: "bad",
    MessageStatus.BOUNCED: "bad",
    MessageStatus.REJECTED: "bad",
    MessageStatus.COMPLAINED: "bad",
}


async def _switched_on(settings: SettingsDep) -> None:
    if settings.sender is not Sender.OUTBOX:
        raise NotFound("The outbox has pages only while DORMOUSE_SENDER is 'outbox'.")


router = APIRouter(prefix="/outbox", include_in_schema=False, dependencies=[Depends(_switched_on)])


@router.get("")
async def mails(
    request: Request, session: SessionDep, page: PageDep, pages: PagesDep
) -> HTMLResponse:
    """The latest messages; the first page refreshes itself."""
    behind = page.behind(_BEHIND)
    found = await list_messages(session, MessageFilter(), after=behind, limit=page.fetch)
    shown = page.page(
        found, key=lambda row: (row.created_at.isoformat(), row.id), show=lambda row: row
    )
    return pages.page(
        "outbox.html",
        allow=_OWN_STYLE,
        messages=shown.items,
        moods=_MOODS,
        next=shown.next,
        is_first="cursor" not in request.query_params,
        now=datetime.now(UTC),
    )


@router.get("/style.css")
async def style() -> FileResponse:
    """How the pages look."""
    return FileResponse(TEMPLATES / "pages" / "outbox.css", media_type="text/css")


@router.get("/{message_id}")
async def mail(
    message_id: str, session: SessionDep, services: ServicesDep, pages: PagesDep
) -> HTMLResponse:
    """One message: the mail as a mail program shows it, its text, headers and run."""
    message, content = await _known(session, message_id)
    record = await find_run(session, message.run_id)
    shown: dict[str, Any] = {"message": message, "content": content, "moods": _MOODS}
    if record:
        ui, namespace = services.settings.ui_url, services.temporal_namespace
        shown["temporal_url"] = temporal_url(ui, namespace, record.run.workflow_id)
    return pages.page("outbox-mail.html", allow=f"{_OWN_STYLE}; frame-src 'self'", **shown)


@router.get("/{message_id}/mail")
async def mail_alone(message_id: str, session: SessionDep) -> HTMLResponse:
    """The mail's HTML as it left, locked into a sandbox; its links open in a new tab."""
    _, content = await _known(session, message_id)
    if content is None:
        raise NotFound("This message never became a mail.")
    html = content.html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers=_MAIL_HEADERS)


async def _known(
    session: AsyncSession, message_id: str
) -> tuple[tables.Message, tables.MessageContent | None]:
    found = await find_message(session, message_id)
    if found is None:
        raise NotFound(f"There is no message {message_id!r}; /outbox lists them.")
    return found
