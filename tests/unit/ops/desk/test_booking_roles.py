"""What the desk asks booking's rules with: the settings and the calendar that the worker has."""

import pytest

from ops.desk.adapters import booking_roles
from ops.desk.adapters.booking_roles import open_booking_roles
from shared.aws.clients import aws_clients
from shared.aws.secrets import Secrets
from shared.errors import ConfigurationError
from shared.settings import AwsSettings
from tests.fakes.clock import FakeClock
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


async def opened(variables):
    settings = AwsSettings(**{name: value for name, value in VARIABLES.items() if name in AwsSettings.model_fields})
    async with aws_clients(settings) as clients:
        return await open_booking_roles(variables, clients, FakeClock())


async def test_a_stack_of_another_release_is_named():
    """The setting that it does not say, and what to do about it."""
    variables = {name: value for name, value in VARIABLES.items() if name != "slots_table"}
    with pytest.raises(ConfigurationError, match=r"slots_table: deploy this release's template"):
        await opened(variables)


@pytest.mark.parametrize("subject", ["owner@salon.example", None])
async def test_the_calendar_is_read_as_the_worker_reads_it(monkeypatch, subject):
    """Where the account speaks for a person, the calendar may be shared with that person alone."""
    asked = {}

    def credentials(**given):
        asked.update(given)

    monkeypatch.setattr(booking_roles, "GoogleCredentials", credentials)
    monkeypatch.setattr(Secrets, "text", lambda _self, _name: "k" * 40)
    monkeypatch.setattr(booking_roles, "open_knowledge", lambda *_: None)
    await opened(VARIABLES | ({"google_delegated_subject": subject} if subject else {}))
    assert asked["subject"] == subject
