"""Between a shop's webhooks and Dormouse: verify, translate, pass on.

The shop repeats whatever is not answered with 2xx, so the answer waits for Dormouse's own. Message
ids are made from the shop's, so a repetition counts once.
"""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from fastapi import FastAPI, Request, Response
from pydantic import Field
from pydantic_settings import BaseSettings

logger = logging.getLogger(__name__)

#: Answers that the same request will get again, however often it is repeated.
_FINAL: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
_PATIENCE: Final = aiohttp.ClientTimeout(total=4)  # shops wait for five seconds


class Settings(BaseSettings):
    """What differs between shops, from the environment."""

    #: What the shop signs its webhooks with.
    webhook_secret: str = Field(min_length=1)
    #: Where Dormouse's gateway is, and a key with the scope `ingest`.
    gateway_url: str
    gateway_key: str


@dataclass(frozen=True)
class Calls:
    """What a webhook means to Dormouse."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    products: list[dict[str, Any]] = field(default_factory=list)
    gone_products: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    """A webhook as it came: what about, by which id, in whose words."""

    topic: str
    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class HeaderNames:
    """How a shop calls the headers of its webhooks."""

    topic: str
    id: str
    signature: str


Translate = Callable[[Delivery], Calls]


def create_bridge(settings: Settings, translate: Translate, *, names: HeaderNames) -> FastAPI:
    """The service, for a shop that calls its headers so."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        bearer = {"Authorization": f"Bearer {settings.gateway_key}"}
        url = settings.gateway_url.rstrip("/")
        async with aiohttp.ClientSession(url, headers=bearer, timeout=_PATIENCE) as session:
            app.state.gateway = session
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/webhooks")
    async def take(request: Request) -> Response:
        body, told = await request.body(), request.headers
        if names.topic not in told:
            return Response()  # a ping, to see whether anybody is here
        if not is_signed(body, told.get(names.signature, ""), settings.webhook_secret):
            return Response("The signature is not of this body.", HTTPStatus.UNAUTHORIZED)
        delivery = Delivery(told[names.topic], told.get(names.id, ""), json.loads(body))
        calls = translate(delivery)
        is_passed_on = await pass_on(calls, request.app.state.gateway)
        return Response(status_code=HTTPStatus.OK if is_passed_on else HTTPStatus.BAD_GATEWAY)

    return app


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature` is the base64 of the body's HMAC-SHA256 by `secret`."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return hmac.compare_digest(base64.b64encode(digest), signature.encode(errors="replace"))


async def pass_on(calls: Calls, gateway: aiohttp.ClientSession) -> bool:
    """Tell Dormouse; False when the shop is to send it again."""
    requests: list[tuple[str, str, Any]] = []
    if calls.messages:
        requests.append(("POST", "/v1/batch", {"batch": calls.messages}))
    if calls.products:
        requests.append(("PUT", "/v1/products", calls.products))
    requests += [("DELETE", f"/v1/products/{product}", None) for product in calls.gone_products]
    try:
        return all([await _is_taken(gateway, *request) for request in requests])
    except (aiohttp.ClientError, TimeoutError) as error:
        logger.error("The gateway does not answer: %s", error)  # noqa: TRY400 - one line says it
        return False


async def _is_taken(gateway: aiohttp.ClientSession, method: str, path: str, body: Any) -> bool:
    async with gateway.request(method, path, json=body) as answer:
        if answer.ok:
            return True
        logger.error("%s %s: %s", method, path, await answer.text())
        return answer.status in _FINAL


def track(
    event: str, user: object, message_id: str, at: str, properties: Mapping[str, Any]
) -> dict[str, Any]:
    """A customer did something."""
    return {
        "type": "track",
        "messageId": message_id,
        "userId": str(user),
        "timestamp": at,
        "event": event,
        "properties": properties,
    }


def identify(user: object, message_id: str, **traits: Any) -> dict[str, Any]:
    """Who a customer is; what is None is not said."""
    return {
        "type": "identify",
        "messageId": message_id,
        "userId": str(user),
        "traits": {name: value for name, value in traits.items() if value is not None},
    }
