"""Journeys, their settings and requests to start them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from api.paths import WHICH_CUSTOMER
from domain.events import Facts
from domain.rules import JourneyRules
from store import tables


class JourneyView(BaseModel):
    """A journey, as it works now."""

    name: str = Field(examples=["cart-abandonment"])
    title: str = Field(examples=["Remind of what was left in the cart."])
    entry: str = Field(
        description="Who enters, in words.",
        examples=["on Product Added; one run at a time per customer; again after 7 days"],
    )
    goal: str | None = Field(description="The event that it wants.", examples=["Order Completed"])
    listens: list[str] = Field(description="The events that can change a run's course.")
    paused: bool = Field(description="Nobody enters, and messages are held.")
    settings: dict[str, Any] = Field(examples=[{"first_reminder_after": "1 hour"}])
    settings_version: int = Field(description="0 are the defaults.")
    settings_schema: dict[str, Any] = Field(description="JSON Schema of the settings.")

    @classmethod
    def of(cls, rules: JourneyRules) -> Self:
        """The journey with these rules."""
        return cls(
            name=rules.name,
            title=rules.title,
            entry=rules.entry.say(),
            goal=rules.goal,
            listens=sorted(rules.listens),
            paused=rules.is_paused,
            settings=rules.settings.model_dump(mode="json"),
            settings_version=rules.settings_version,
            settings_schema=rules.settings_type.model_json_schema(),
        )


class SettingsVersion(BaseModel):
    """What was set for a journey at one time."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    overrides: dict[str, Any] = Field(description="What differed from the defaults.")
    author: str = Field(description="The name of the key that was used.")
    at: datetime


class SettingsView(BaseModel):
    """The settings of a journey. Runs keep those that they entered with."""

    journey: str = Field(examples=["cart-abandonment"])
    version: int = Field(description="0 are the defaults.")
    settings: dict[str, Any] = Field(
        description="All settings in force.", examples=[{"first_reminder_after": "1 hour"}]
    )
    overrides: dict[str, Any] = Field(description="Those that differ from the defaults.")
    settings_schema: dict[str, Any] = Field(description="JSON Schema of the settings.")
    history: list[SettingsVersion] = Field(description="The newest first, twenty at most.")

    @classmethod
    def of(cls, rules: JourneyRules, versions: Sequence[tables.JourneySettingsVersion]) -> Self:
        """The settings in force, and those before."""
        return cls(
            journey=rules.name,
            version=rules.settings_version,
            settings=rules.settings.model_dump(mode="json"),
            overrides=rules.settings.model_dump(mode="json", exclude_unset=True),
            settings_schema=rules.settings_type.model_json_schema(),
            history=[SettingsVersion.model_validate(version) for version in versions],
        )


class SettingsChange(BaseModel):
    """New settings of a journey; those that are not named go back to their defaults."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"settings": {"incentive_after": "5 days"}, "version": 3}]}
    )

    settings: dict[str, Any] = Field(examples=[{"first_reminder_after": "2 hours"}])
    version: int | None = Field(
        None,
        ge=0,
        description="The version that was changed: refused when another came in between.",
        examples=[3],
    )


class RunRequest(BaseModel):
    """A customer to take through a journey."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"customer_id": "4711"}]}
    )

    customer_id: str = Field(
        min_length=1, max_length=255, description=WHICH_CUSTOMER, examples=["4711"]
    )
    settings: dict[str, Any] = Field(
        {},
        description="For this run alone, over the journey's own.",
        examples=[{"first_reminder_after": "10 minutes"}],
    )
    order_id: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="The order that it is about; needed by journeys with one run per order.",
        examples=["order-1001"],
    )
    product_ids: list[str] = Field(
        [],
        max_length=100,
        description="The products that it is about, most important first.",
        examples=[["mug-blue"]],
    )

    @property
    def about(self) -> Facts:
        """What the run is about."""
        return Facts(order_id=self.order_id, product_ids=tuple(self.product_ids))
