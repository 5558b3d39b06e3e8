"""`dormouse mails …`: check them, look at them."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from local.speaking import AsJson, tell

mails = typer.Typer(
    help="Mails: check them, look at them.", no_args_is_help=True, rich_markup_mode=None
)

TemplateFolder = Annotated[
    Path, typer.Option("--templates", help="The folder that holds mails/ and locale/.")
]
_TEMPLATES: Final = Path(__file__).parent.parent / "templates"


@mails.command("check")
def check_mail_templates(
    *, templates: TemplateFolder = _TEMPLATES, as_json: AsJson = False
) -> None:
    """Say what is wrong with mails and translations. The exit code is 1 when something is."""
    from sending.checking.check import check_mails

    report = check_mails(templates)
    tell(report.as_dict(), str(report), as_json=as_json)
    if report.errors:
        raise typer.Exit(1)


@mails.command("gallery")
def make_mail_gallery(
    *,
    templates: TemplateFolder = _TEMPLATES,
    out: Annotated[Path, typer.Option(help="The folder to make.")] = Path("build/mails"),
    journey: Annotated[str | None, typer.Option(help="Only its mails.")] = None,
    language: Annotated[str | None, typer.Option(help="Only this one, in every view.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every sample in every view in every language.")
    ] = False,
    chromium: Annotated[
        Path | None, typer.Option(help="Chromium or Chrome; the one on the PATH unless given.")
    ] = None,
) -> None:
    """Show every mail as a browser does: on phone and desk, light and dark, without images."""
    from local.gallery.exhibits import Choice
    from local.gallery.making import make_gallery

    choice = Choice(journey, language, everything=everything)
    gallery = asyncio.run(
        make_gallery(templates, out, choice, chromium=chromium, tell=Console().print)
    )
    tell(None, str(gallery), as_json=False)
