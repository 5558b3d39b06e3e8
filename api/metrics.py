"""Numbers about the gateway, for Prometheus. One registry per application, none global."""

import time
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
#: Paths that are no route of ours must not become labels: their number is unbounded.
_NO_ROUTE: Final = "none"


class Metrics:
    """What is counted and timed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self.accepted = counter(
            "dormouse_events_accepted", "Messages taken in, by Segment's call.", ["call"]
        )
        self.rejected = counter("dormouse_events_rejected", "Messages refused as malformed.")
        self.reports = counter(
            "dormouse_provider_reports", "Providers' reports about mails.", ["provider", "type"]
        )
        self.backlog = gauge(
            "dormouse_dispatch_backlog", "Starts and signals that are committed but not made yet."
        )
        self.backlog_age = gauge(
            "dormouse_dispatch_oldest_seconds",
            "For how long the oldest of them has waited; 0 when there is none.",
        )
        self.worker = gauge(
            "dormouse_worker_seen",
            "1 while workers of the current version ask for journeys to run, else 0.",
        )
        self.commits = histogram(
            "dormouse_commit_seconds",
            "Time from messages understood to messages committed.",
            buckets=_BUCKETS,
        )
        self.batches = histogram(
            "dormouse_messages_per_request",
            "Messages in a request of Segment's calls.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000),
        )
        self.requests = histogram(
            "dormouse_request_seconds",
            "Time until the answer was complete.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
        )


class MeasuredRequests:
    """Middleware that times every request by its route's template."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how long the answer took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), "500"

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            taken = time.perf_counter() - started
            self._metrics.requests.labels(scope["method"], route, status).observe(taken)
