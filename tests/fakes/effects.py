"""Runs as they begin, and what they are to be told."""

from datetime import timedelta
from typing import Any

from store.dispatches import NewDispatch
from store.runs import NewRun
from tests.fakes.rows import NOON


def new_run(run_id: str, **changes: Any) -> NewRun:
    known: dict[str, Any] = {
        "id": run_id,
        "journey": "cart-abandonment",
        "key": "",
        "customer_id": "cus_ada",
        "workflow_id": f"cart-abandonment/cus_ada/{run_id}",
        "entered_at": NOON,
        "created_at": NOON,
        "settings": {},
        "settings_version": 0,
        "about": {},
        "started_by": f"event of {run_id}",
    }
    return NewRun(**(known | changes))


def signal(run_id: str, name: str = "Order Completed", **changes: Any) -> NewDispatch:
    known: dict[str, Any] = {
        "run_id": run_id,
        "kind": "signal",
        "name": name,
        "payload": {"id": name},
        "owner": None,
        "leased_until": NOON + timedelta(seconds=15),
        "created_at": NOON,
    }
    return NewDispatch(**(known | changes))
