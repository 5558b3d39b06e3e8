"""`dormouse keys …`: keys to the gateway."""

import asyncio
from typing import Annotated

import typer

from local.speaking import AsJson, settings_of_this_process, tell

keys = typer.Typer(help="Keys to the gateway.", no_args_is_help=True, rich_markup_mode=None)


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

    key = asyncio.run(
        create(settings_of_this_process().database, name=name, scopes=scope, rate_limit=rate_limit)
    )
    tell({"key": key}, key, as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Show the keys that exist: names and scopes, never the keys."""
    from local.keys import listed, table_of

    found = asyncio.run(listed(settings_of_this_process().database))
    tell(found, table_of(found), as_json=as_json)


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="The name it was made with.", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Make all keys of this name useless within seconds."""
    from local.keys import revoke

    count = asyncio.run(revoke(settings_of_this_process().database, name=name))
    tell({"revoked": count}, f"Revoked {count} key{'s' if count != 1 else ''}.", as_json=as_json)
