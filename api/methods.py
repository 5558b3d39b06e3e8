"""Methods that HTTP knows beside those of the routes: HEAD, and what a path takes at all."""

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("GET", "POST", "PUT", "DELETE")


class AnsweredHeads:
    """Middleware that answers HEAD as GET; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope.get("method") == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def allowed_methods(app: FastAPI, scope: Scope) -> str:
    """All methods of a request's path, for `Allow`: each of our routes knows only its own."""
    found = [
        method
        for method in _METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in app.router.routes
        )
    ]
    return ", ".join(["HEAD", *found] if "GET" in found else found)
