"""Complements as the gateway explains them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from domain.recommending import Evidence, Judged, LeftOut, Source, Togetherness


class ComplementView(BaseModel):
    """A product that may go with another, who says so, and why it is left out if it is."""

    product_id: str = Field(examples=["saucer-blue"])
    title: str | None = Field(examples=["Blue saucer"])
    source: Source
    left_out: LeftOut | None = Field(
        description="Why no mail recommends it with this product now; null when mails do."
        " `same-product` is also another size of it, which has the same title."
    )
    orders_together: int | None = Field(
        None, description="How many orders of late held both.", examples=[12]
    )
    orders_of_product: int | None = Field(None, examples=[40])
    orders_of_complement: int | None = Field(None, examples=[60])
    orders: int | None = Field(
        None, description="All orders that were looked at.", examples=[1_000]
    )
    lift: float | None = Field(
        None, description="How many times as often as by chance.", examples=[5.0]
    )
    computed_at: datetime | None = Field(None, description="When these were counted.")

    @classmethod
    def of(cls, judged: Judged) -> Self:
        """The candidate with its judgement."""
        candidate = judged.candidate
        return cls(
            product_id=candidate.product_id,
            title=candidate.product.title if candidate.product else None,
            source=candidate.source,
            left_out=judged.left_out,
            **(_counts(candidate.evidence) if candidate.evidence else {}),
        )


def _counts(evidence: Evidence) -> Mapping[str, object]:
    return {
        "orders_together": evidence.orders_together,
        "orders_of_product": evidence.orders_of_product,
        "orders_of_complement": evidence.orders_of_complement,
        "orders": evidence.orders,
        "lift": round(evidence.lift, 2),
        "computed_at": evidence.computed_at,
    }


class ComplementsView(BaseModel):
    """What goes with a product: what mails recommend, best first, then what they do not."""

    product_id: str = Field(examples=["mug-blue"])
    recommended: list[str] = Field(
        description="The ids of what mails recommend, best first; they show up to four.",
        examples=[["saucer-blue"]],
    )
    items: list[ComplementView]
    rules: Togetherness = Field(
        description="From when on two products count as bought together; settings of the"
        " installation."
    )


class RefreshView(BaseModel):
    """What is bought together is being counted."""

    schedule: str = Field(examples=["refresh-complements"])
    temporal_url: str = Field(
        description="The schedule in the Temporal UI, with its latest runs.",
        examples=["http://127.0.0.1:8233/namespaces/default/schedules/refresh-complements"],
    )
