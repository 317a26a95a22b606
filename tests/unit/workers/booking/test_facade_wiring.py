"""Opening the facade with the settings and the calendar of the deployment's worker."""

import subprocess
import sys

import pytest

from shared.aws import knowledge
from shared.aws.clients import open_aws_clients
from shared.aws.secret_cache import Secrets
from shared.errors import ConfigurationError
from shared.settings import AwsSettings
from tests.fakes.appointments import FakeAppointments
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from workers.booking import wiring
from workers.booking.facade_wiring import open_facade, open_read_only_ports
from workers.booking.settings import BookingSettings

NAMES = [name for name, field in BookingSettings.model_fields.items() if field.is_required()]
VARIABLES = {name: name for name in NAMES} | {
    "aws_region": "eu-central-1",
    "aws_endpoint_url": "http://127.0.0.1:9",
    "websocket_endpoint": "http://127.0.0.1:9",
}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def open_ports(variables):
    settings = AwsSettings(**{name: value for name, value in VARIABLES.items() if name in AwsSettings.model_fields})
    async with open_aws_clients(settings) as clients:
        return await open_read_only_ports(
            clients,
            variables,
            dynamodb=None,
            appointments=FakeAppointments(None),
            clock=FakeClock(),
            metrics=FakeMetrics(),
        )


@pytest.mark.parametrize("name", ["slots_table", "schedule_group"])
async def test_a_missing_setting_of_an_older_stack_is_named(name):
    """The error names the setting and says what to do."""
    with pytest.raises(ConfigurationError, match=rf"{name}: deploy this release's template"):
        await open_ports({one: value for one, value in VARIABLES.items() if one != name})


def test_a_missing_table_is_an_error():
    """The facade could show nothing, so the error is raised before anything is opened."""
    variables = {one: value for one, value in VARIABLES.items() if one != "slots_table"}
    with pytest.raises(ConfigurationError, match=r"slots_table: deploy this release's template"):
        open_facade(None, dynamodb=None, variables=variables, clock=FakeClock(), metrics=FakeMetrics())


@pytest.mark.parametrize("subject", ["owner@salon.example", None])
async def test_the_calendar_is_read_as_the_worker_reads_it(monkeypatch, subject):
    """If the account acts for a user, the calendar may be shared only with that user."""
    asked = {}

    def credentials(**given):
        asked.update(given)

    monkeypatch.setattr(wiring, "GoogleCredentials", credentials)
    monkeypatch.setattr(Secrets, "get_text", lambda _self, _name: "k" * 40)
    monkeypatch.setattr(knowledge, "open_tenant_directory", lambda *_: None)
    await open_ports(VARIABLES | ({"google_delegated_subject": subject} if subject else {}))
    assert asked["subject"] == subject


async def test_ports_that_would_write_raise_an_error(monkeypatch):
    """A forecast that calls one has a bug."""
    monkeypatch.setattr(Secrets, "get_text", lambda _self, _name: "k" * 40)
    monkeypatch.setattr(knowledge, "open_tenant_directory", lambda *_: None)
    ports = await open_ports(VARIABLES)
    for port in (ports.notices, ports.commands, ports.schedules, ports.sync_tokens):
        with pytest.raises(RuntimeError):
            await port.put("anything")


@pytest.mark.process
def test_the_desk_starts_without_googles_library():
    """Its import takes as long as all others together, and most commands need no calendar."""
    look = "import sys, ops.cli.app, ops.wiring; print([one for one in sys.modules if one.startswith('googleapi')])"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


@pytest.mark.process
def test_the_worker_imports_no_library_of_caldav():
    """Most businesses have no such calendar, and the start of a function waits for its imports."""
    names = ("recurring_ical_events", "x_wr_timezone", "defusedxml")
    look = f"import sys, workers.booking.wiring; print([one for one in {names} if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"
