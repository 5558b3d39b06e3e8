"""Ids: opaque, sortable by time, and telling by their prefix what they are of."""

from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4, uuid5

from ulid import ULID

_MESSAGES: Final = UUID("6f1d3c1e-5d0a-4d0b-9a43-3d2f6a1f7c55")
_LONGEST: Final = 255


def new_customer_id() -> str:
    """A fresh id for a customer; says nothing about the person."""
    return f"cus_{str(ULID()).lower()}"


def new_run_id() -> str:
    """A fresh id for one passage of a customer through a journey."""
    return f"run_{str(ULID()).lower()}"


def message_id(run_id: str, step: str, occurrence: int) -> str:
    """The id of the message that a step of a run sends: the same however often it is asked."""
    return f"msg_{uuid5(_MESSAGES, f'{run_id}/{step}/{occurrence}').hex}"


def made_up_message_id() -> str:
    """An id for a message that came without: sent again, it would be another message."""
    return f"dormouse-{uuid4().hex}"


def workflow_id(journey: str, customer_id: str, run_id: str) -> str:
    """The Temporal workflow id of a run: readable in the UI, unique for ever."""
    return f"{journey}/{customer_id}/{run_id}"


def fitting(foreign_id: str) -> str:
    """An id made elsewhere, as our columns can hold it: a long one keeps its start and a hash."""
    if len(foreign_id) <= _LONGEST:
        return foreign_id
    digest = sha256(foreign_id.encode()).hexdigest()
    return f"{foreign_id[: _LONGEST - len(digest) - 1]}:{digest}"
