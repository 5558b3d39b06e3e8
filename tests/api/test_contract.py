"""The gateway keeps to its OpenAPI document, whatever that allows or forbids (schemathesis)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from schemathesis.generation.meta import TestPhase
from schemathesis.specs.openapi.checks import ignored_auth
from sqlmodel import delete

from api.app import Services, create_app
from api.quotas import QuotaByAddress
from config import Settings
from domain.incoming import Call, Incoming
from domain.journeys import RunPosition, RunStatus
from domain.requests import StartRequest
from sending.links import Links
from store import tables
from store.customers import customer_by_any_id
from store.keys import create_key
from store.migrations.run import migrate
from store.sessions import Database
from tests.fakes.control import FakeControl
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.intakes import open_intake
from tests.fakes.sendgrid_signer import EventSigner
from tests.fakes.served import served
from workflows.catalogue import CATALOGUE

SECRET: Final = "s" * 32
SCOPES: Final = ("ingest", "read", "manage")

#: The document's own examples, in whose place the tests put what there is.
EXAMPLES: Final = {
    "run_id": "run_01j9zq3x7m8k2v5w6y7z8a9b0c",
    "token": "WyJjdXNfMDFqOXpxM3g3bThrMnY1dzZ5N3o4YTliMGMiXQ.c2lnbmF0dXJl",
}
#: What no schema can say, so that well-formed input is refused all the same.
RIGHTLY_REFUSED: Final = (
    "this is before the year 2000",
    "The cursor is none of ours",
    "This Idempotency-Key was used for another request",
    "a userId or an anonymousId is needed",
    "must be one of track, identify, page, screen, group, alias",
    "a message is a JSON object",
    "it holds a NUL character",
    "a message cannot hold a NUL character",
    "settings.",
    "If-Match must be the ETag",
    "This is no email address",
    "daily_use: Input should be greater than 0",
    "Input should be a valid decimal",
    "Decimal input should have no more than 14 digits",
)

documented: Final = schemathesis.openapi.from_dict(
    create_app(lambda: pytest.fail("nothing is opened to read the document")).openapi(),
    config=schemathesis.Config.from_dict(
        {
            "generation": {"deterministic": True, "max-examples": 4, "database": "none"},
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": [200, 201, 202, 204, 400, 401, 403, 404, 409, 412, 422]
                },
                "negative_data_rejection": {
                    "expected-statuses": [400, 401, 403, 404, 405, 409, 412, 413, 415, 422]
                },
            },
            "operations": [
                {  # GET and DELETE mean a product of this very name there
                    "include-path": "/v1/products/batch",
                    "checks": {"allow_header_conformance": {"enabled": False}},
                }
            ],
        }
    ),
)


@dataclass
class Gateway:
    """A gateway over a real database, in which there is somebody on a journey."""

    settings: Settings
    signer: EventSigner = field(default_factory=EventSigner)
    url: str = ""
    key: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    #: Values of path parameters behind which there is something.
    known: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        await migrate(self.settings.database)
        database, control = Database.open(self.settings.database), FakeControl()
        async with open_intake(database, FakeDeliverer()) as intake:
            services = Services(
                settings=self.settings,
                database=database,
                intake=intake,
                control=control,
                catalogue=CATALOGUE,
                links=Links(SECRET, "http://gateway"),
            )
            await self._fill(services, control)
            yield services
        await database.close()

    async def _fill(self, services: Services, control: FakeControl) -> None:
        now = datetime.now(UTC)
        async with services.database.writing() as session:
            self.key = await create_key(session, name="fuzz", scopes=SCOPES, now=now)
        traits = {"email": "ada@example.com", "marketing_consent": True}
        ada = Incoming("m-1", Call.IDENTIFY, now, now, user_id="4711", traits=traits)
        await services.intake.accept([ada])
        run = await services.intake.start(StartRequest("win-back", "4711"))
        control.runs[run.workflow_id] = RunPosition(
            status=RunStatus.WAITING, waiting_for="1 day", wakes_at=now + timedelta(days=1)
        )
        async with services.database.writing() as session:
            await session.execute(delete(tables.Dispatch))  # Temporal has been told
            customer = await customer_by_any_id(session, "4711")
        assert customer
        token = services.links.preferences(customer.id, "msg_1").rpartition("/")[2]
        self.known = {"run_id": run.run_id, "token": token}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    signer = EventSigner()
    folder = tmp_path_factory.mktemp("gateway")
    gateway = Gateway(_settings(folder, signer), signer)
    app = create_app(gateway.open)
    with served(app) as gateway.url:
        app.state.mistakes = QuotaByAddress(10_000, 60)  # wrong keys are tried on purpose
        yield gateway


def _settings(folder: Path, signer: EventSigner) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder,
            "secret_key": SECRET,
            "sendgrid_webhook_keys": (signer.public_key,),
        }
    )


class TestTheGateway:
    # Without a parameter of ours pytest would call the tests of all operations alike.
    @pytest.mark.parametrize("scheme", ["Bearer"])
    @documented.parametrize()
    def test_keeps_to_its_document(
        self, gateway: Gateway, case: schemathesis.Case[Any], scheme: str
    ) -> None:
        case.path_parameters |= {
            name: gateway.known[name]
            for name, value in case.path_parameters.items()
            if value == EXAMPLES.get(name)
        }
        # It asks twice more, without a key and with a wrong one: some requests will do.
        too_much = [] if is_made_up(case) and is_well_formed(case) else [ignored_auth]

        answer = case.call_and_validate(
            base_url=gateway.url,
            headers={"Authorization": f"{scheme} {gateway.key}"},
            session=gateway.session,
            excluded_checks=too_much,
        )

        if is_well_formed(case) and answer.status_code in {400, 422}:
            assert any(reason in answer.text for reason in RIGHTLY_REFUSED), answer.text


def is_made_up(case: schemathesis.Case[Any]) -> bool:
    """Whether it is none of the many that try each limit of the document."""
    return case.meta is not None and case.meta.phase.name is TestPhase.FUZZING


def is_well_formed(case: schemathesis.Case[Any]) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive
