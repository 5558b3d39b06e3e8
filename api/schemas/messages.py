"""Messages as the gateway shows them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from domain.messages import MessageKind, MessageStatus
from store import tables


class MessageView(BaseModel):
    """A message: what a step sent, or why it did not."""

    id: str = Field(examples=["msg_5a0c6a1e5d0a5d0b9a433d2f6a1f7c55"])
    run_id: str = Field(examples=["run_01j9zq3x7m8k2v5w6y7z8a9b0c"])
    journey: str = Field(examples=["cart-abandonment"])
    step: str = Field(examples=["kept-for-you"])
    occurrence: int = Field(description="1 the first time that the story reached the step.")
    channel: str = Field(examples=["email"])
    kind: MessageKind
    status: MessageStatus
    reason: str | None = Field(
        description="Why it was held, skipped or given up.", examples=["no consent"]
    )
    to: str | None = Field(examples=["ada@example.org"])
    locale: str | None = Field(examples=["de-AT"])
    subject: str | None = Field(examples=["We kept it for you"])
    held_until: datetime | None
    created_at: datetime = Field(description="When the step was first tried.")
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    bounced_at: datetime | None
    complained_at: datetime | None
    provider: str | None = Field(examples=["sendgrid"])
    provider_message_id: str | None = Field(examples=["QPXcWBZQRvCO3fZ9T7jbVQ"])

    @classmethod
    def of(cls, message: tables.Message) -> Self:
        """The message in this row."""
        return cls(
            to=message.to_address,
            **{name: getattr(message, name) for name in cls.model_fields.keys() & _COLUMNS},
        )


class MessageInFull(MessageView):
    """A message with the mail as it left; `html`, `text` and `headers` are null when none did."""

    html: str | None = None
    text: str | None = None
    headers: dict[str, str] | None = Field(
        None, examples=[{"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}]
    )

    @classmethod
    def with_content(cls, message: tables.Message, content: tables.MessageContent | None) -> Self:
        """The message in this row, with what it said."""
        view = cls.of(message)
        if content is None:
            return view
        mail = {"html": content.html, "text": content.text, "headers": content.headers}
        return view.model_copy(update=mail)


_COLUMNS = frozenset(tables.Message.model_fields)
