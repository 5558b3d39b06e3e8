"""The command line: `dormouse …`. Thin: each command reads its settings and calls one room."""

import asyncio
import errno
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from config import Settings, doubts, read_settings
from domain.errors import DormouseError
from logs import set_up_logs

if TYPE_CHECKING:
    from local.services import Commands

# Rooms are imported by the command that needs them: `dormouse --help` answers at once.

_HELP = "Customer journeys for web shops: they sleep for weeks and wake at the right moment."

logger = logging.getLogger("cli")

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
keys = typer.Typer(help="Keys to the gateway.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(keys, name="keys")

mails = typer.Typer(
    help="Mails: check them, look at them.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(mails, name="mails")

TemplateFolder = Annotated[
    Path, typer.Option("--templates", help="The folder that holds mails/ and locale/.")
]
#: Where nobody looks, nothing is wrapped: it is searched, copied and kept.
_UNWRAPPED = 10_000
_TEMPLATES = Path(__file__).parent / "templates"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _version(value: bool) -> None:  # noqa: FBT001 - called by typer, with nothing but the value
    if value:
        from api.app import release

        typer.echo(f"dormouse {release()}")
        raise typer.Exit


@app.callback()
def dormouse(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """What holds for every command."""


@app.command()
def up() -> None:
    """Run everything on this machine: Temporal, gateway, worker. Ctrl-C stops it."""
    from local.up import run_everything

    run_everything(_settings(), _commands(), console=Console())


@app.command()
def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with the state of the last demo.")
    ] = False,
    exit_after: Annotated[
        float | None, typer.Option(min=1, help="Stop by itself after so many seconds.")
    ] = None,
) -> None:
    """Run everything, with a sample shop whose weeks pass in minutes."""
    from local.demo import run_demo

    run_demo(_settings(), _commands(), console=Console(), keep=keep, exit_after=exit_after)


@app.command()
def cluster() -> None:
    """Run a production-like installation: Temporal's own server in roles, PostgreSQL, two of us."""
    from local.cluster.run import run_cluster

    run_cluster(_settings(), _commands(), console=Console())


@app.command()
def api() -> None:
    """Run the gateway alone."""
    from local.serving import serve_gateway

    serve_gateway(_settings())


@app.command()
def worker() -> None:
    """Run the worker alone."""
    from worker import run_worker

    run_worker(_settings())


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema to this version."""
    from store.migrations.run import current_revision, is_newer
    from store.migrations.run import migrate as bring_up_to_date

    settings = _settings()
    before = asyncio.run(current_revision(settings.database))
    asyncio.run(bring_up_to_date(settings.database))
    after = asyncio.run(current_revision(settings.database))
    words = f"The schema is at {after} {'already' if before == after else 'now'}."
    if is_newer(after):
        words = f"The schema is at {after}, newer than this version, which works with it."
    _tell({"before": before, "after": after}, words, as_json=as_json)


@app.command("forget-namespace")
def forget_where_runs_are(*, as_json: AsJson = False) -> None:
    """Let the database's runs live in another namespace of Temporal; stop everything first."""
    from local.forgetting import forget

    name = asyncio.run(forget(read_settings().database))
    words = f"The namespace {name!r} is forgotten" if name else "No namespace was known"
    words += ": the next gateway or worker says where runs are."
    _tell({"forgotten": name}, words, as_json=as_json)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Say what is wrong with this deployment, and how to mend it."""
    from doctor.examination import examine_installation, is_healthy
    from doctor.report import json_of, table_of

    with Console(stderr=True).status("Looking at everything …"):
        findings = asyncio.run(examine_installation())
    _tell(json_of(findings), table_of(findings), as_json=as_json)
    if not is_healthy(findings):
        raise typer.Exit(1)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="One Segment message a line.", show_default=False)],
    *,
    url: Annotated[
        str | None, typer.Option(help="The gateway; the one of this machine unless given.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="A key with the scope ingest; this machine's unless given.")
    ] = None,
    time_scale: Annotated[
        float | None, typer.Option(min=1, help="Faster by this; the gateway's own unless given.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin even if it takes long.")] = False,
    as_json: AsJson = False,
) -> None:
    """Post recorded events to a running gateway, as if they happened now, only faster."""
    from local.replaying import Order, replay_file

    settings = _settings()
    order = Order(
        path=file,
        url=url or f"http://127.0.0.1:{settings.port}",
        key=key or _local_key(settings),
        time_scale=time_scale,
        may_take_long=yes,
    )
    replay_file(order, as_json=as_json)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who or what will use it.", show_default=False)],
    *,
    scope: Annotated[str, typer.Option(help="What it may do: ingest, read, manage.")],
    rate_limit: Annotated[
        float | None,
        typer.Option(min=0, help="Messages a second; 0 for no limit; the gateway's unless given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once. Works while Dormouse runs."""
    from local.keys import create

    key = asyncio.run(create(_settings().database, name=name, scopes=scope, rate_limit=rate_limit))
    _tell({"key": key}, key, as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Show the keys that exist: names and scopes, never the keys."""
    from local.keys import listed, table_of

    found = asyncio.run(listed(_settings().database))
    _tell(found, table_of(found), as_json=as_json)


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="The name it was made with.", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Make all keys of this name useless within seconds."""
    from local.keys import revoke

    count = asyncio.run(revoke(_settings().database, name=name))
    _tell({"revoked": count}, f"Revoked {count} key{'s' if count != 1 else ''}.", as_json=as_json)


@mails.command("check")
def check_mail_templates(
    *, templates: TemplateFolder = _TEMPLATES, as_json: AsJson = False
) -> None:
    """Say what is wrong with mails and translations. The exit code is 1 when something is."""
    from sending.checking.check import check_mails

    report = check_mails(templates)
    _tell(report.as_dict(), str(report), as_json=as_json)
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
    _tell(None, str(gallery), as_json=False)


def main() -> NoReturn:
    """The entry point: errors are one sentence, and the exit code is not 0."""
    try:
        code = app(standalone_mode=False, prog_name="dormouse")
    except DormouseError as error:
        _fail(str(error))
    except TyperException as error:
        _fail(f"{error.format_message()} See 'dormouse --help'.", code=error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        _fail(_words_for(error))
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence, not a traceback
        _fail(_unexpected(error))
    sys.exit(code if isinstance(code, int) else 0)


def _words_for(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "The disk is full: make room for the data folder (DORMOUSE_DATA_DIR)."
    return _unexpected(error)


def _unexpected(error: Exception) -> str:
    return f"Unexpected {type(error).__name__}: {error} (DORMOUSE_DEBUG=1 shows where)."


def _fail(sentence: str, *, code: int = 1) -> NoReturn:
    if os.environ.get("DORMOUSE_DEBUG") == "1" and sys.exc_info()[1]:
        raise  # noqa: PLE0704 - called while an error is handled
    Console(stderr=True, soft_wrap=True).print(sentence, style="red", markup=False, highlight=False)
    sys.exit(code)


def _tell(value: Any, words: Any, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(value))
    else:
        width = None if sys.stdout.isatty() else _UNWRAPPED
        Console(soft_wrap=True, width=width).print(words, markup=False, highlight=False)


def _commands() -> "Commands":
    """How this very program is started again as gateway and as worker."""
    from local.services import Commands

    this = [sys.executable, str(Path(__file__).absolute())]
    return Commands(gateway=[*this, "api"], worker=[*this, "worker"])


def _settings() -> Settings:
    """The settings of this process, which logs from here on; raises WrongSetting."""
    settings = read_settings()
    set_up_logs(form=settings.log_format, level=settings.log_level)
    for doubt in doubts():
        logger.warning(doubt)
    return settings


def _local_key(settings: Settings) -> str:
    from local.credentials import recall

    kept = recall(settings.data_dir / "api.key")
    if kept is None:
        raise DormouseError(
            f"No key in {settings.data_dir}: pass one with --key, made by "
            "'dormouse keys create NAME --scope ingest'."
        )
    return kept


if __name__ == "__main__":
    main()
