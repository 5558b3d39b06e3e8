"""What the gateway can do: the reference for people, and the way to try it out."""

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse

from api.dependencies import PagesDep, SettingsDep
from api.reference import sections_of

router = APIRouter(include_in_schema=False)


@router.get("/")
async def show_the_way() -> RedirectResponse:
    """Whoever comes by is shown what there is."""
    return RedirectResponse("/docs")


@router.get("/docs")
async def show_reference(request: Request, settings: SettingsDep, pages: PagesDep) -> HTMLResponse:
    """The reference as one page."""
    document = request.app.openapi()
    return pages.page(
        "reference.html",
        style="reference.css",
        locales=("en",),
        version=document["info"]["version"],
        description=document["info"]["description"].strip().split("\n\n"),
        sections=sections_of(document, base_url=settings.base_url),
    )


@router.get("/docs/try")
async def show_swagger() -> HTMLResponse:
    """Swagger UI; the browser loads it from a CDN."""
    return get_swagger_ui_html(openapi_url="/openapi.json", title="Dormouse: try it out")
