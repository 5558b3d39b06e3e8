"""The command line: `dormouse …`. Thin: each command reads its settings and calls one room."""

import asyncio
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from config import Settings
from domain.errors import DormouseError
from local.key_commands import keys
from local.mail_commands import mails
from local.speaking import AsJson, settings_of_this_process, tell

if TYPE_CHECKING:
    from local.services import Commands

# Rooms are imported by the command that needs them: `dormouse --help` answers at once.

_HELP = "Customer journeys for web shops: they sleep for weeks and wake at the right moment."

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(keys, name="keys")
app.add_typer(mails, name="mails")


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

    run_everything(settings_of_this_process(), _commands(), console=Console())


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

    run_demo(
        settings_of_this_process(), _commands(), console=Console(), keep=keep, exit_after=exit_after
    )


@app.command()
def cluster() -> None:
    """Run a production-like installation: Temporal's own server in roles, PostgreSQL, two of us."""
    from local.cluster.run import run_cluster

    run_cluster(settings_of_this_process(), _commands(), console=Console())


@app.command()
def api() -> None:
    """Run the gateway alone."""
    from local.serving import serve_gateway

    serve_gateway(settings_of_this_process())


@app.command()
def worker() -> None:
    """Run the worker alone."""
    from worker import run_worker

    run_worker(settings_of_this_process())


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema to this version."""
    from store.migrations.run import current_revision, is_newer
    from store.migrations.run import migrate as bring_up_to_date

    settings = settings_of_this_process()
    before = asyncio.run(current_revision(settings.database))
    asyncio.run(bring_up_to_date(settings.database))
    after = asyncio.run(current_revision(settings.database))
    words = f"The schema is at {after} {'already' if before == after else 'now'}."
    if is_newer(after):
        words = f"The schema is at {after}, newer than this version, which works with it."
    tell({"before": before, "after": after}, words, as_json=as_json)


@app.command("forget-namespace")
def forget_where_runs_are(*, as_json: AsJson = False) -> None:
    """Let the database's runs live in another namespace of Temporal; stop everything first."""
    from local.forgetting import forget

    name = asyncio.run(forget(settings_of_this_process().database))
    words = f"The namespace {name!r} is forgotten" if name else "No namespace was known"
    words += ": the next gateway or worker says where runs are."
    tell({"forgotten": name}, words, as_json=as_json)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Say what is wrong with this deployment, and how to mend it."""
    from doctor.examination import examine_installation, is_healthy
    from doctor.report import json_of, table_of

    with Console(stderr=True).status("Looking at everything …"):
        findings = asyncio.run(examine_installation())
    tell(json_of(findings), table_of(findings), as_json=as_json)
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

    settings = settings_of_this_process()
    order = Order(
        path=file,
        url=url or f"http://127.0.0.1:{settings.port}",
        key=key or _local_key(settings),
        time_scale=time_scale,
        may_take_long=yes,
    )
    replay_file(order, as_json=as_json)


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


def _commands() -> "Commands":
    """How this very program is started again as gateway and as worker."""
    from local.services import Commands

    this = [sys.executable, str(Path(__file__).absolute())]
    return Commands(gateway=[*this, "api"], worker=[*this, "worker"])


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
