"""Messages: what was sent to whom, and why something was not."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import TypeAdapter

from api.dependencies import Reading, SessionDep
from api.paging import Page, PageDep, SortTime
from api.paths import WHICH_CUSTOMER, MessageId
from api.schemas.messages import MessageInFull, MessageView
from domain.errors import NotFound
from domain.messages import MessageStatus
from store import tables
from store.customers import customer_by_any_id
from store.messages import MessageFilter, find_message, list_messages

router = APIRouter(prefix="/v1/messages", tags=["Messages"])

#: The creation and id of the last message seen.
_BEHIND: Final = TypeAdapter(tuple[SortTime, str])


@router.get("", summary="List messages")
async def messages(
    _caller: Reading,
    session: SessionDep,
    page: PageDep,
    customer_id: Annotated[str | None, Query(description=WHICH_CUSTOMER)] = None,
    run_id: str | None = None,
    status: MessageStatus | None = None,
) -> Page[MessageView]:
    """Messages, the latest first."""
    wanted = MessageFilter(run_id=run_id, status=status)
    if customer_id is not None:
        customer = await customer_by_any_id(session, customer_id)
        if customer is None:
            return Page(items=[])
        wanted = MessageFilter(customer.id, run_id, status)
    behind = page.behind(_BEHIND)
    found = await list_messages(session, wanted, after=behind, limit=page.fetch)
    return page.page(found, key=_place, show=MessageView.of)


@router.get("/{message_id}", summary="Show a message")
async def message(_caller: Reading, message_id: MessageId, session: SessionDep) -> MessageInFull:
    """One message with its subject, HTML, text and headers as they left."""
    found = await find_message(session, message_id)
    if found is None:
        raise NotFound(f"There is no message {message_id!r}; GET /v1/messages lists them.")
    return MessageInFull.with_content(*found)


def _place(row: tables.Message) -> tuple[str, str]:
    """Where a message stands in the list of all."""
    return row.created_at.isoformat(), row.id
