"""Connecting to Temporal, the same way in every process."""

from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig

from domain.errors import Unavailable


async def connect(address: str, *, lazy: bool = False) -> Client:
    """A client of the server at `address`, unless Temporal's own `TEMPORAL_*` say otherwise.

    Raises Unavailable when the server does not answer; a lazy client connects at its first call.
    """
    target: dict[str, Any] = {"target_host": address, **ClientConfig.load_client_connect_config()}
    try:
        return await Client.connect(**target, lazy=lazy, data_converter=pydantic_data_converter)
    except RuntimeError as error:
        raise Unavailable(
            f"Temporal does not answer at {target['target_host']}: start it (`dormouse up` does) "
            "or set TEMPORAL_ADDRESS."
        ) from error
