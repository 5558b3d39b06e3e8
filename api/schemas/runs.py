"""Runs as the gateway shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.messages import MessageView
from domain.journeys import RunPosition, RunStatus
from store import tables
from store.runs import RunRecord


class RunView(BaseModel):
    """A run: one passage of a customer (or order) through a journey."""

    id: str = Field(examples=["run_01j9zq3x7m8k2v5w6y7z8a9b0c"])
    journey: str = Field(examples=["cart-abandonment"])
    customer_id: str | None = Field(
        description="The shop's id of the customer, of a visitor ours; null once erased.",
        examples=["4711"],
    )
    key: str = Field(description="The order that the run is about, else empty.", examples=[""])
    status: RunStatus
    stuck: str | None = Field(
        None,
        description="What keeps it from going on, and the cure: its story fails whenever it wakes. "
        "Null while all is well, and while Temporal does not answer.",
        examples=[None],
    )
    step: str | None = Field(description="The step last tried.", examples=["kept-for-you"])
    waiting_for: str | None = Field(
        description="In words. Only where a single run is shown: null in lists.",
        examples=["1 day, unless 'Email Link Clicked'"],
    )
    wakes_at: datetime | None = Field(
        description="Only where a single run is shown: null in lists."
    )
    entered_at: datetime = Field(description="When the event that started it happened.")
    ended_at: datetime | None
    exit_reason: str | None = Field(examples=["purchased"])
    failure: str | None = Field(description="What broke, for a run that failed.")
    variant: str | None
    settings_version: int = Field(description="Of the journey's settings; 0 are the defaults.")
    workflow_id: str = Field(examples=["cart-abandonment/cus_01j9zp/run_01j9zq3x"])
    temporal_url: str
    messages: list[MessageView]

    @classmethod
    def of(
        cls, record: RunRecord, messages: Sequence[tables.Message], *, temporal_url: str
    ) -> Self:
        """The run in this record, with what it sent."""
        run = record.run
        return cls(
            customer_id=record.shop_id,
            temporal_url=temporal_url,
            messages=[MessageView.of(message) for message in messages],
            **{name: getattr(run, name) for name in _COLUMNS},
        )

    def at(self, position: RunPosition) -> Self:
        """The same run where Temporal says that it is now."""
        return self.model_copy(
            update={
                "status": position.status,
                "step": position.step or self.step,
                "waiting_for": position.waiting_for,
                "wakes_at": position.wakes_at,
                "exit_reason": position.exit_reason or self.exit_reason,
            }
        )

    def stuck_with(self, mistake: str | None) -> Self:
        """The same run, held up by its story; what the story fails with, if that is known."""
        said = f" with {mistake}" if mistake else ""
        return self.model_copy(update={"stuck": _STUCK.format(said=said)})


_STUCK: Final = (
    "The story fails{said} whenever the run wakes: mend the journey and deploy, then the run goes "
    "on by itself."
)
_COLUMNS = RunView.model_fields.keys() & tables.Run.model_fields.keys() - {"customer_id"}


class EndRequest(BaseModel):
    """Why a run is ended by hand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "customer-asked"}]})

    reason: str = Field(
        "ended-by-hand",
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=64,
        description="Becomes the run's exit reason: lower-case words joined by hyphens.",
    )


def temporal_url(ui: str, namespace: str, workflow_id: str) -> str:
    """Where the Temporal UI shows a workflow."""
    return f"{ui}/namespaces/{quote(namespace, safe='')}/workflows/{quote(workflow_id, safe='')}"
