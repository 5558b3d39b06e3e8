"""Connecting to Temporal, the same way in every process.

Where it is, and how we prove who we are, is Temporal's own configuration: `TEMPORAL_ADDRESS`,
`TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS_…`, or a profile of its TOML file.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from domain.errors import Invalid, Unavailable

#: What a failed connection says, and what that means; the first that fits.
_CAUSES: Final[Mapping[str, str]] = {
    "InvalidCertificate": "shows a certificate that is not trusted here: set"
    " TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority that signed it, and"
    " TEMPORAL_TLS_SERVER_NAME if it goes by another name.",
    "PrivateKeyParseError": "was not asked, for our certificate cannot be read:"
    " TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must name PEM files that"
    " belong together.",
    "InvalidContentType": "speaks no TLS: correct TEMPORAL_ADDRESS, or take TEMPORAL_TLS,"
    " TEMPORAL_API_KEY and certificates away.",
    "Unauthenticated": "does not know us: check TEMPORAL_API_KEY.",
    "PermissionDenied": "does not let us in: check what TEMPORAL_API_KEY or the client certificate"
    " may do in the namespace.",
}
_HANGS_UP: Final = "after connection"
#: The SDK's thread that told of a failure leaves Python only after it has told so, in seconds. A
#: command that was over before that would be aborted by Python itself instead of saying its code.
_ON_ITS_WAY_OUT: Final = 0.1


async def connect(address: str, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """A client of the server at `address`, unless Temporal's own `TEMPORAL_*` say otherwise.

    Raises Invalid when these cannot be used, Unavailable when the server does not answer or does
    not let us in; a lazy client connects at its first call.
    """
    target = target_of(address)
    try:
        return await Client.connect(
            **target, lazy=lazy, data_converter=pydantic_data_converter, runtime=runtime
        )
    except RuntimeError as error:
        await asyncio.sleep(_ON_ITS_WAY_OUT)
        raise Unavailable(_explained(str(error), target)) from error
    except ValueError as error:
        raise Invalid(f"Temporal's own settings (TEMPORAL_…) do not fit: {error}.") from error


def target_of(address: str) -> dict[str, Any]:
    """How to reach Temporal: `target_host`, and what else the client takes. Raises Invalid."""
    file = os.environ.get("TEMPORAL_CONFIG_FILE")
    if file and not Path(file).exists():
        raise Invalid(f"TEMPORAL_CONFIG_FILE names {file}, which is not there: correct its path.")
    target: dict[str, Any]
    try:
        target = {"target_host": address, **ClientConfig.load_client_connect_config()}
    except OSError as error:
        raise Invalid(
            f"A file named by TEMPORAL_TLS_… cannot be read ({error.filename}:"
            f" {error.strerror}): correct its path or rights."
        ) from error
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise Invalid(f"Temporal's own settings (TEMPORAL_…) cannot be used: {said}.") from error
    if "://" in target["target_host"]:
        raise Invalid(
            f"TEMPORAL_ADDRESS is {target['target_host']}, but must be host and port alone, like"
            " temporal:7233; TLS is switched on by TEMPORAL_TLS or TEMPORAL_API_KEY."
        )
    return target


def _explained(said: str, target: Mapping[str, Any]) -> str:
    where = f"Temporal at {target['target_host']}"
    for word, meaning in _CAUSES.items():
        if word in said:
            return f"{where} {meaning}"
    if _HANGS_UP in said and target.get("tls"):
        return f"{where} hangs up: check that it accepts our client certificate (TEMPORAL_TLS_…)."
    if _HANGS_UP in said:
        return f"{where} hangs up: if it wants TLS, set TEMPORAL_TLS=true or TEMPORAL_API_KEY."
    return (
        f"Temporal does not answer at {target['target_host']}: start it (`dormouse up` does) "
        "or set TEMPORAL_ADDRESS."
    )
