"""What the doctor says of models, senders, and businesses with their calendars."""

import asyncio
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from ops.deployment import Deployment
from ops.health import services
from ops.health.checks import run_checks
from shared.tenants.profile import TenantProfile
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from tests.fakes.tenants import FakeTenants
from workers.booking.facade import BookingFacade

TENANT, MODEL = "salon-ania", "eu.anthropic.claude-haiku"


def profile(**fields):
    service = {"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 60}
    return TenantProfile.model_validate(
        {
            "name": "Salon Ania",
            "time_zone": "Europe/Warsaw",
            "calendar_id": "calendar",
            "services": [service],
            "opening_hours": {"monday": ["09:00-17:00"]},
            "allowed_origins": ["https://salon.example"],
            **fields,
        }
    )


class FakeAws:
    """Clients of every service, with an account that is well until a test says otherwise."""

    def __init__(self):
        self.identities = {"example.com": True}
        self.account = {"SendingEnabled": True, "ProductionAccessEnabled": True}
        self.in_sms_sandbox = False
        self.models = {MODEL}
        self.asked = []
        self.hanging = set()

    async def client(self, _service):
        return self

    async def get_email_identity(self, *, EmailIdentity):  # noqa: N803 - AWS names them so
        if EmailIdentity not in self.identities:
            raise client_error("NotFoundException", "GetEmailIdentity")
        return {"VerifiedForSendingStatus": self.identities[EmailIdentity]}

    async def get_account(self):
        if self.account is None:
            raise client_error("AccessDeniedException", "GetAccount")
        return self.account

    async def get_sms_sandbox_account_status(self):
        return {"IsInSandbox": self.in_sms_sandbox}

    async def converse(self, *, modelId, messages, inferenceConfig):  # noqa: N803
        assert (len(messages), inferenceConfig) == (1, {"maxTokens": 1})
        self.asked.append(modelId)
        if modelId in self.hanging:
            await asyncio.sleep(60)
        if modelId not in self.models:
            raise client_error("AccessDeniedException", "Converse")


def client_error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@pytest.fixture
def aws():
    return FakeAws()


class Found(dict):
    """The checks by their names, and all of them."""

    def __init__(self, checks):
        super().__init__({check.name: check for check in checks})
        self.all = checks


@pytest.fixture
def look(aws):
    """Return a function that examines a deployment, and gives each check under its name."""

    async def look(*, calendar=None, tenant=None, tenants=None, endpoint_url=None, **variables):
        variables = {
            "bedrock_model_id": MODEL,
            "ses_from_email": "salon@example.com",
            "sms_enabled": "true",
        } | variables

        async def open_ports():
            return SimpleNamespace(calendar=calendar or FakeCalendar("calendar"))

        async def open_booking():
            return BookingFacade(appointments=None, open_ports=open_ports)

        async def open_tenants():
            return FakeTenants(tenants or {TENANT: tenant or profile()})

        deployment = Deployment("s", "r", endpoint_url, variables)
        health_checks = services.health_checks(
            deployment, aws.client, open_tenants=open_tenants, open_booking=open_booking, clock=FakeClock()
        )
        checks = await run_checks(health_checks)
        return Found(checks)

    return look


async def test_all_is_well(look):
    """Each thing once, and nothing to do."""
    found = await look()
    assert {name: check.state for name, check in found.items()} == dict.fromkeys(
        ["model", "e-mail", "text messages", f"profile {TENANT}", f"calendar {TENANT}"], "ok"
    )
    assert {check.advice for check in found.values()} == {""}


@pytest.mark.parametrize(
    ("account", "detail", "advice"),
    [
        ({"SendingEnabled": False, "ProductionAccessEnabled": True}, "stopped this account's sending", "dashboard"),
        ({"SendingEnabled": True, "ProductionAccessEnabled": False}, "in SES's sandbox", "ask for production access"),
    ],
)
async def test_an_account_that_reaches_nobody(look, aws, account, detail, advice):
    """A verified sender is not enough: letters to visitors would be refused one by one."""
    aws.account = account
    check = (await look())["e-mail"]
    assert check.state == "problem"
    assert (detail in check.detail, advice in check.advice) == (True, True)


async def test_an_account_that_may_not_be_looked_at(look, aws):
    """The sender is well, as far as one may see; the advice is about what is missing."""
    aws.account = None
    check = (await look())["e-mail"]
    assert (check.state, check.advice) == ("problem", "allow ses:GetAccount")
    assert check.detail.startswith("example.com is verified, but ")


async def test_a_sender_that_nobody_verified(look, aws):
    """The address and its domain are looked for, in this order."""
    aws.identities = {"example.com": False}
    assert "example.com is not verified" in (await look())["e-mail"].detail
    aws.identities = {}
    assert "neither salon@example.com nor example.com" in (await look())["e-mail"].detail
    assert (await look(ses_from_email=""))["e-mail"].state == "off"


async def test_text_messages_in_the_sandbox(look, aws):
    """They go to verified numbers alone; where they are not wanted, or kept by an emulator, nobody is asked."""
    aws.in_sms_sandbox = True
    check = (await look())["text messages"]
    assert (check.state, "sandbox" in check.detail) == ("problem", True)
    assert (await look(sms_enabled="false"))["text messages"].state == "off"
    assert (await look(endpoint_url="http://127.0.0.1:4566"))["text messages"].state == "ok"


async def test_the_models_of_businesses_are_asked_too(look, aws):
    """Those that are not the deployment's own, each once, with whose they are; one that is broken hides no other."""
    nova, opus, own = (profile(model={"id": name}) for name in ("nova", "opus", MODEL))
    aws.models.add("opus")
    found = await look(tenants={"a": nova, "b": opus, "c": nova, "d": own})
    assert sorted(aws.asked) == [MODEL, "nova", "opus"]
    assert found["own model"].detail == "opus of b"
    [broken] = [check for check in found.all if check.state == "problem"]
    assert (broken.name, broken.detail) == (
        "own model",
        "nova of a, c: DeploymentError: bedrock.converse: AccessDeniedException",
    )
    assert "bedrock:InvokeModel" in broken.advice


async def test_a_model_that_hangs_is_named(look, aws, monkeypatch):
    """And what else there is to look at is looked at."""
    monkeypatch.setattr(services, "_MODEL_SECONDS", 0.01)
    aws.hanging.add("nova")
    found = await look(tenants={"a": profile(model={"id": "nova"})})
    assert found["own model"].detail == "nova of a: no answer in 0.01 s"
    assert (found["profile a"].state, found["calendar a"].state) == ("ok", "ok")


async def test_models_that_this_stack_does_not_speak_to(look, aws):
    """An emulator without a stand-in for the model: nobody is asked."""
    found = await look(tenants={"a": profile(model={"id": "nova"})}, endpoint_url="http://127.0.0.1:4566")
    assert (found["model"].state, aws.asked, "own model" in found) == ("off", [], False)


async def test_a_calendar_that_may_only_be_read(look):
    """Its times are offered and none could be entered, which no visitor should be the first to find."""
    calendar = FakeCalendar("calendar", "olas")
    calendar.read_only.add("olas")
    own = [{"id": "anna"}, {"id": "ola", "calendar_id": "olas"}]
    found = await look(calendar=calendar, tenant=profile(resources=own))
    check = found[f"calendar {TENANT}"]
    assert (check.state, check.detail) == ("problem", "olas may be read, but not written")
    assert "right to change events" in check.advice


async def test_a_calendar_that_is_not_shared(look):
    """Says what to do in the owner's words."""
    check = (await look(calendar=FakeCalendar("another")))[f"calendar {TENANT}"]
    assert (check.state, "share the calendar" in check.advice) == ("problem", True)


async def test_a_business_whose_pages_may_not_open_the_chat(look):
    """A profile can be read and still serve nobody."""
    check = (await look(tenant=profile(allowed_origins=[])))[f"profile {TENANT}"]
    assert (check.state, check.detail) == ("problem", "no page may open the chat")
