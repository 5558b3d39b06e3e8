"""What the gateway can do: the reference for people."""

from fastapi import APIRouter, Request
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
