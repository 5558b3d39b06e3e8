"""What SendGrid's v3 API asks of a mail, as strictly as the real one and in its words."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Complaint = tuple[str, str]

KNOWN = {
    "asm",
    "attachments",
    "batch_id",
    "categories",
    "content",
    "custom_args",
    "from",
    "headers",
    "ip_pool_name",
    "mail_settings",
    "personalizations",
    "reply_to",
    "send_at",
    "subject",
    "template_id",
    "tracking_settings",
}
RESERVED = {
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
}
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[a-z0-9-]+", re.IGNORECASE)


def complaints(payload: Mapping[str, Any]) -> list[Complaint]:
    """Everything wrong with a payload, as (field, message)."""
    return [
        *((name, "Additional property is not allowed.") for name in payload if name not in KNOWN),
        *_about_people(payload),
        *_about_content(payload),
        *_about_labels(payload),
        *_about_headers(payload.get("headers", {})),
    ]


def _about_people(payload: Mapping[str, Any]) -> Iterator[Complaint]:
    yield from _about_person("from", payload.get("from"))
    if "reply_to" in payload:
        yield from _about_person("reply_to", payload["reply_to"])
    personalizations = payload.get("personalizations")
    if not personalizations:
        yield "personalizations", "The personalizations field is required and must have one item."
    for index, personalization in enumerate(personalizations or ()):
        path = f"personalizations.{index}"
        if not personalization.get("to"):
            yield f"{path}.to", "The to array is required and must have at least one item."
        for person in personalization.get("to", ()):
            yield from _about_person(f"{path}.to", person)
        yield from _about_custom_args(f"{path}.custom_args", personalization.get("custom_args"))


def _about_person(path: str, person: Any) -> Iterator[Complaint]:
    if not isinstance(person, dict) or not ADDRESS.fullmatch(str(person.get("email"))):
        yield f"{path}.email", "Does not contain a valid address."
    elif set(person.get("name") or "") & set(",;"):
        yield f"{path}.name", "The name may not contain a comma or a semicolon."


def _about_custom_args(path: str, custom_args: Any) -> Iterator[Complaint]:
    if custom_args is None:
        return
    if not all(isinstance(value, str) for value in custom_args.values()):
        yield path, "The custom_args values must be strings."
    if len(json.dumps(custom_args)) >= 10_000:
        yield path, "The custom_args may not exceed 10000 bytes."


def _about_content(payload: Mapping[str, Any]) -> Iterator[Complaint]:
    if not payload.get("subject"):
        yield "subject", "The subject is required."
    content = payload.get("content")
    if not content:
        yield "content", "The content is required and must have at least one item."
    types = [part.get("type") for part in content or ()]
    if types not in ([], ["text/plain"], ["text/html"], ["text/plain", "text/html"]):
        yield "content", "The text/plain content must be first, followed by text/html."
    if any(not part.get("value") for part in content or ()):
        yield "content.value", "The content value must be a string at least one character long."


def _about_labels(payload: Mapping[str, Any]) -> Iterator[Complaint]:
    categories: Sequence[str] = payload.get("categories", ())
    if len(categories) > 10 or len(set(categories)) < len(categories):
        yield "categories", "The categories must be unique and no more than 10."
    if any(len(category) > 255 for category in categories):
        yield "categories", "A category may not exceed 255 characters."
    if isinstance(payload.get("custom_args"), str):
        yield "custom_args", "The custom_args must be an object."


def _about_headers(headers: Mapping[str, Any]) -> Iterator[Complaint]:
    for name, value in headers.items():
        if name.lower() in RESERVED:
            yield f"headers.{name}", "This header is reserved."
        if not isinstance(value, str):
            yield f"headers.{name}", "The header's value must be a string."
