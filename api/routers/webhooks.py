"""What mail providers report. Nothing is believed that is not signed."""

from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request

from api.dependencies import IntakeDep, MetricsDep, SettingsDep
from api.errors import Problem
from api.openapi import problems
from domain.deliveries import DeliveryEvent
from domain.errors import Invalid
from sending.channel import InvalidSignature
from sending.sendgrid_webhook import parse, require_signature, verify

router = APIRouter(prefix="/v1/webhooks", tags=["Webhooks"])

_SENDGRID: Final = "sendgrid"


async def _signed_by_sendgrid(request: Request, settings: SettingsDep) -> list[DeliveryEvent]:
    keys = settings.sendgrid_webhook_keys
    if not keys:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "webhook-not-configured",
            "This webhook is off: set DORMOUSE_SENDGRID_WEBHOOK_KEYS to the public key that"
            " SendGrid shows under Signed Event Webhook.",
        )
    try:
        require_signature(request.headers)  # before the body of a stranger is read
        body = await request.body()
        verify(request.headers, body, keys=keys, now=datetime.now(UTC))
    except InvalidSignature as error:
        raise _unsigned() from error
    try:
        return parse(body)
    except Invalid as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid-json", str(error)) from error


def _unsigned() -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "invalid-signature",
        "The signature is not of this body by a key in DORMOUSE_SENDGRID_WEBHOOK_KEYS.",
        headers={"WWW-Authenticate": 'Signature realm="SendGrid Event Webhook"'},
    )


#: What OpenAPI says of the request, which is read only once its signature is believed.
_DOCUMENTED: Final[dict[str, Any]] = {
    "security": [{"SendGridSignature": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {}},
                "example": [
                    {
                        "event": "click",
                        "sg_event_id": "ZGVsaXZlcmVk",
                        "timestamp": 1_767_225_600,
                        "email": "ada@example.com",
                        "url": "https://shop.example/mug-blue",
                    }
                ],
            }
        },
    },
}
VerifiedEvents = Annotated[list[DeliveryEvent], Depends(_signed_by_sendgrid)]


@router.post(
    "/sendgrid",
    summary="SendGrid's Event Webhook",
    responses=problems(HTTPStatus.NOT_FOUND),
    openapi_extra=_DOCUMENTED,
)
async def report_from_sendgrid(
    events: VerifiedEvents, intake: IntakeDep, metrics: MetricsDep
) -> dict[str, bool]:
    """Take a batch of events, signed with ECDSA over timestamp and body.

    SendGrid repeats a batch until it gets a 2xx, for a day; each event counts once.
    """
    await intake.report(_SENDGRID, events)
    for kind, count in Counter(event.type for event in events).items():
        metrics.reports.labels(_SENDGRID, kind).inc(count)
    return {"success": True}
