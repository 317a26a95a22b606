"""What the desk asks booking's rules with: the settings and the calendar that the worker has."""

import subprocess
import sys

import pytest

from shared.aws import knowledge
from shared.aws.clients import aws_clients
from shared.aws.secrets import Secrets
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
    async with aws_clients(settings) as clients:
        return await open_read_only_ports(
            clients, variables, appointments=FakeAppointments(None), clock=FakeClock(), metrics=FakeMetrics()
        )


@pytest.mark.parametrize("name", ["slots_table", "schedule_group"])
async def test_a_stack_of_another_release_is_named(name):
    """The setting that it does not say, and what to do about it."""
    with pytest.raises(ConfigurationError, match=rf"{name}: deploy this release's template"):
        await open_ports({one: value for one, value in VARIABLES.items() if one != name})


def test_a_stack_that_does_not_name_a_table():
    """Nothing could be shown of it, so this is said before anything is opened."""
    variables = {one: value for one, value in VARIABLES.items() if one != "slots_table"}
    with pytest.raises(ConfigurationError, match=r"slots_table: deploy this release's template"):
        open_facade(None, dynamodb=None, variables=variables, clock=FakeClock(), metrics=FakeMetrics())


@pytest.mark.parametrize("subject", ["owner@salon.example", None])
async def test_the_calendar_is_read_as_the_worker_reads_it(monkeypatch, subject):
    """Where the account speaks for a person, the calendar may be shared with that person alone."""
    asked = {}

    def credentials(**given):
        asked.update(given)

    monkeypatch.setattr(wiring, "GoogleCredentials", credentials)
    monkeypatch.setattr(Secrets, "text", lambda _self, _name: "k" * 40)
    monkeypatch.setattr(knowledge, "open_knowledge", lambda *_: None)
    await open_ports(VARIABLES | ({"google_delegated_subject": subject} if subject else {}))
    assert asked["subject"] == subject


async def test_ports_that_would_write_have_nothing_behind_them(monkeypatch):
    """A forecast that got there would be a mistake."""
    monkeypatch.setattr(Secrets, "text", lambda _self, _name: "k" * 40)
    monkeypatch.setattr(knowledge, "open_knowledge", lambda *_: None)
    ports = await open_ports(VARIABLES)
    for port in (ports.notices, ports.commands, ports.schedules, ports.sync_tokens):
        with pytest.raises(RuntimeError):
            await port.put("anything")


def test_the_desk_starts_without_the_calendars_library():
    """It takes as long to load as all the rest together, and most commands need no calendar."""
    look = "import sys, ops.cli.app, ops.wiring; print([one for one in sys.modules if one.startswith('googleapi')])"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
