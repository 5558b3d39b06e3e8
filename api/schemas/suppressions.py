"""Addresses that must not be written to."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.customers import SuppressionView


class Suppressions(BaseModel):
    """Why an address must not be written to; nothing when it may."""

    suppressions: list[SuppressionView]


class SuppressionRequest(BaseModel):
    """How much of our mail shall no longer reach an address."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"scope": "all"}]})

    scope: Literal["all", "marketing"] = Field(
        "all", description="`marketing` lets what a customer must receive pass."
    )
