import json
import shutil
import socket
from importlib.metadata import version
from pathlib import Path

import pytest

from local.ports import free_port
from store.namespaces import remember_namespace
from store.sessions import Database
from tests.fakes.gateway import FakeGateway
from tests.fakes.installation import Installation
from tests.fakes.rows import NOON


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def set_up(installation: Installation, migrated: Path) -> Installation:
    """An installation whose database has its schema."""
    state = installation.folder / "state"
    state.mkdir()
    shutil.copy(migrated, state / "dormouse.db")
    return installation


class TestKeys:
    async def test_are_made_listed_and_revoked(self, set_up: Installation) -> None:
        made = await set_up.run("keys", "create", "shop", "--scope", "ingest,read", "--json")
        key = json.loads(made.out)["key"]
        revoked = await set_up.run("keys", "revoke", "shop", "--json")
        listed = await set_up.run("keys", "list", "--json")

        assert key.startswith("dm_")
        assert len(key) == 46
        assert json.loads(revoked.out) == {"revoked": 1}
        [shown] = json.loads(listed.out)
        assert (shown["name"], shown["scopes"]) == ("shop", ["ingest", "read"])
        assert shown["revoked_at"] is not None
        assert key not in listed.out

    async def test_are_listed_for_people_without_the_key_itself(self, set_up: Installation) -> None:
        key = (await set_up.run("keys", "create", "till", "--scope", "manage")).out.strip()

        listed = (await set_up.run("keys", "list")).out

        assert "till" in listed
        assert f"{key[:8]}…" in listed
        assert key not in listed

    async def test_may_have_a_limit_of_their_own(self, set_up: Installation) -> None:
        await set_up.run("keys", "create", "till", "--scope", "ingest", "--rate-limit", "2.5")

        listed = await set_up.run("keys", "list")

        assert "A SECOND" in listed.out
        assert "2.5" in listed.out

    async def test_have_only_scopes_that_exist(self, set_up: Installation) -> None:
        made = await set_up.run("keys", "create", "shop", "--scope", "everything")

        assert (made.code, made.out) == (1, "")
        assert made.err == "There is no scope 'everything': choose among ingest, read, manage.\n"

    async def test_have_names_that_fit_into_the_audit_trail(self, set_up: Installation) -> None:
        made = await set_up.run("keys", "create", "n" * 256, "--scope", "read")

        assert (made.code, made.out) == (1, "")
        assert made.err == "A key's name has 255 characters at most: take a shorter one.\n"

    async def test_can_only_be_revoked_when_they_exist(self, set_up: Installation) -> None:
        revoked = await set_up.run("keys", "revoke", "nobody")

        assert revoked.code == 1
        assert revoked.err == ("No valid key is named 'nobody': 'dormouse keys list' shows all.\n")

    async def test_need_a_migrated_database(self, installation: Installation) -> None:
        made = await installation.run("keys", "create", "shop", "--scope", "read")

        assert made.code == 1
        assert "dormouse migrate" in made.err
        assert made.err.count("\n") == 1


class TestMigrate:
    async def test_says_what_it_did_and_is_harmless_when_repeated(
        self, installation: Installation
    ) -> None:
        first = await installation.run("migrate", "--json")
        second = await installation.run("migrate")

        result = json.loads(first.out)
        assert result["before"] is None
        assert second.out == f"The schema is at {result['after']} already.\n"


class TestForgetNamespace:
    async def test_says_which_it_forgot_and_is_harmless_when_repeated(
        self, set_up: Installation
    ) -> None:
        database = Database.open(f"sqlite:///{set_up.folder / 'state' / 'dormouse.db'}")
        async with database.writing() as session:
            await remember_namespace(session, namespace_id="b2c4", name="bakery", now=NOON)
        await database.close()

        first = await set_up.run("forget-namespace", "--json")
        second = await set_up.run("forget-namespace")

        assert json.loads(first.out) == {"forgotten": "bakery"}
        assert second.out == (
            "No namespace was known: the next gateway or worker says where runs are.\n"
        )


class TestReplay:
    async def test_needs_a_gateway_that_answers(self, installation: Installation) -> None:
        events = installation.folder / "events.jsonl"
        events.write_text('{"type": "page", "timestamp": "2024-01-01T00:00:00Z"}\n')

        replay = await installation.run("replay", str(events), "--key", "k")

        assert (replay.code, replay.out) == (1, "")
        assert replay.err == (
            f"No gateway answers at http://127.0.0.1:{installation.port('PORT')}: start one with "
            "'dormouse up', or name it with --url.\n"
        )

    async def test_needs_an_address_of_a_gateway(self, installation: Installation) -> None:
        events = installation.folder / "events.jsonl"
        events.write_text('{"type": "page", "timestamp": "2024-01-01T00:00:00Z"}\n')

        replay = await installation.run("replay", str(events), "--key", "k", "--url", "shop")

        assert replay.code == 1
        assert replay.err == (
            "'shop' is no address of a gateway: write it like http://127.0.0.1:8000.\n"
        )

    async def test_needs_a_key(self, installation: Installation) -> None:
        replay = await installation.run("replay", "events.jsonl")

        assert replay.code == 1
        assert replay.err == (
            f"No key in {installation.folder / 'state'}: pass one with --key, made by 'dormouse "
            "keys create NAME --scope ingest'.\n"
        )

    async def test_needs_patience_or_a_faster_gateway(self, installation: Installation) -> None:
        events = installation.folder / "events.jsonl"
        events.write_text(
            '{"type": "page", "messageId": "a", "timestamp": "2024-01-01T00:00:00Z"}\n'
            '{"type": "page", "messageId": "b", "timestamp": "2024-07-01T00:00:00Z"}\n'
        )

        async with FakeGateway(time_scale=1).running() as gateway:
            replay = await installation.run(
                "replay", str(events), "--key", "dm_right", "--url", gateway.url
            )

        assert replay.code == 1
        assert replay.err == (
            "Replaying events.jsonl at time scale 1 takes 182 days: start the gateway with "
            "DORMOUSE_TIME_SCALE=60000 (about 5 minutes), or pass --yes.\n"
        )
        assert gateway.kept == []

    async def test_tells_what_became_of_each_message(self, installation: Installation) -> None:
        events = installation.folder / "events.jsonl"
        events.write_text(
            '{"type": "page", "messageId": "a", "timestamp": "2024-01-01T00:00:00Z"}\n'
            '{"messageId": "b", "timestamp": "2024-01-01T00:00:00Z"}\n'
            "{}\n"
        )

        async with FakeGateway(time_scale=1).running() as gateway:
            replay = await installation.run(
                "replay", str(events), "--key", "dm_right", "--url", gateway.url
            )

        assert replay.code == 0
        assert "Line 3 is left out: it has no timestamp." in replay.out
        assert [line.split() for line in replay.out.splitlines()[-5:-1]] == [
            ["Sent", "1"],
            ["Rejected", "1"],
            ["1:", "type", "is", "missing"],
            ["Left", "out", "1", "lines"],
        ]


class TestApi:
    async def test_names_a_taken_port_and_the_setting(self, installation: Installation) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            api = await installation.run("api", DORMOUSE_PORT=port)

        assert api.code == 1
        assert api.err.endswith("stop it, or set DORMOUSE_PORT to a free port.\n")
        assert api.err.count("\n") == 1

    async def test_needs_a_secret_key(self, installation: Installation) -> None:
        api = await installation.run("api")

        assert api.code == 1
        assert api.err.startswith("DORMOUSE_SECRET_KEY is missing: ")


class TestWorker:
    async def test_needs_temporal(self, installation: Installation) -> None:
        worker = await installation.run(
            "worker", DORMOUSE_SECRET_KEY="s" * 32, TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}"
        )

        assert worker.code == 1
        assert worker.err.startswith("Temporal does not answer at 127.0.0.1:")
        assert worker.err.count("\n") == 1


class TestAnyCommand:
    async def test_that_does_not_exist_is_told_with_where_to_look(
        self, installation: Installation
    ) -> None:
        ended = await installation.run("hibernate")

        assert ended.code == 2
        assert ended.err == (
            "No such command 'hibernate'. Did you mean 'migrate'? See 'dormouse --help'.\n"
        )

    async def test_tells_the_version_instead_when_asked(self, installation: Installation) -> None:
        ended = await installation.run("--version")

        assert (ended.code, ended.out) == (0, f"dormouse {version('dormouse')}\n")

    async def test_says_which_setting_is_wrong(self, installation: Installation) -> None:
        ended = await installation.run("migrate", DORMOUSE_TIME_SCALE="fast")

        assert ended.code == 1
        assert ended.err.startswith("DORMOUSE_TIME_SCALE is wrong: ")
        assert ended.err.count("\n") == 1

    async def test_shows_where_it_failed_to_those_who_debug(
        self, installation: Installation
    ) -> None:
        ended = await installation.run("migrate", DORMOUSE_TIME_SCALE="fast", DORMOUSE_DEBUG="1")

        assert ended.code == 1
        assert "Traceback" in ended.err
