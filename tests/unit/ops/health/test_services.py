"""Health checks of models, senders, businesses and their calendars."""

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
    """Clients of all services, without problems until a test sets one."""

    def __init__(self):
        self.identities = {"example.com": True}
        self.account = {"SendingEnabled": True, "ProductionAccessEnabled": True}
        self.in_sms_sandbox = False
        self.models = {MODEL}
        self.asked_models = []
        self.hanging = set()

    async def open_client(self, _service):
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
        self.asked_models.append(modelId)
        if modelId in self.hanging:
            await asyncio.sleep(60)
        if modelId not in self.models:
            raise client_error("AccessDeniedException", "Converse")


def client_error(code, operation):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@pytest.fixture
def aws():
    return FakeAws()


class Results(dict):
    """The results by their names; `all` is the list of them."""

    def __init__(self, checks):
        super().__init__({check.name: check for check in checks})
        self.all = checks


@pytest.fixture
def check_services(aws):
    """Return a function that runs the checks of a deployment and returns the results by name."""

    async def check_services(*, calendar=None, tenant=None, tenants=None, endpoint_url=None, **variables):
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
        health_checks = services.list_service_checks(
            deployment, aws.open_client, open_tenants=open_tenants, open_booking=open_booking, clock=FakeClock()
        )
        checks = await run_checks(health_checks)
        return Results(checks)

    return check_services


async def test_a_deployment_without_problems(check_services):
    """Each check is ok, and none has advice."""
    results = await check_services()
    assert {name: check.state for name, check in results.items()} == dict.fromkeys(
        ["model", "e-mail", "text messages", f"profile {TENANT}", f"calendar {TENANT}"], "ok"
    )
    assert {check.advice for check in results.values()} == {""}


@pytest.mark.parametrize(
    ("account", "detail", "advice"),
    [
        ({"SendingEnabled": False, "ProductionAccessEnabled": True}, "stopped this account's sending", "dashboard"),
        ({"SendingEnabled": True, "ProductionAccessEnabled": False}, "in SES's sandbox", "ask for production access"),
    ],
)
async def test_an_account_that_may_not_send(check_services, aws, account, detail, advice):
    """A verified sender is not enough: SES would reject every e-mail to a visitor."""
    aws.account = account
    check = (await check_services())["e-mail"]
    assert check.state == "problem"
    assert (detail in check.detail, advice in check.advice) == (True, True)


async def test_an_account_that_may_not_be_read(check_services, aws):
    """The result says that the sender is verified, and the advice names the missing permission."""
    aws.account = None
    check = (await check_services())["e-mail"]
    assert (check.state, check.advice) == ("problem", "allow ses:GetAccount")
    assert check.detail.startswith("example.com is verified, but ")


async def test_an_unverified_sender(check_services, aws):
    """The address is checked first, then its domain."""
    aws.identities = {"example.com": False}
    assert "example.com is not verified" in (await check_services())["e-mail"].detail
    aws.identities = {}
    assert "neither salon@example.com nor example.com" in (await check_services())["e-mail"].detail
    assert (await check_services(ses_from_email=""))["e-mail"].state == "off"


async def test_text_messages_in_the_sandbox(check_services, aws):
    """Only verified numbers get them; if text messages are off or an emulator is used, SNS is not called."""
    aws.in_sms_sandbox = True
    check = (await check_services())["text messages"]
    assert (check.state, "sandbox" in check.detail) == ("problem", True)
    assert (await check_services(sms_enabled="false"))["text messages"].state == "off"
    assert (await check_services(endpoint_url="http://127.0.0.1:4566"))["text messages"].state == "ok"


async def test_the_models_of_tenants_are_checked(check_services, aws):
    """Each further model is called once and named with its tenants; a broken one does not hide the others."""
    nova, opus, own = (profile(model={"id": name}) for name in ("nova", "opus", MODEL))
    aws.models.add("opus")
    results = await check_services(tenants={"a": nova, "b": opus, "c": nova, "d": own})
    assert sorted(aws.asked_models) == [MODEL, "nova", "opus"]
    assert results["own model"].detail == "opus of b"
    [broken] = [check for check in results.all if check.state == "problem"]
    assert (broken.name, broken.detail) == (
        "own model",
        "nova of a, c: DeploymentError: bedrock.converse: AccessDeniedException",
    )
    assert "bedrock:InvokeModel" in broken.advice


async def test_a_model_that_the_role_may_not_invoke_is_named_without_a_call(check_services, aws):
    """The desk's own permissions say nothing about those of the worker."""
    aws.models.add("opus")
    tenants = {"a": profile(model={"id": "opus"})}
    check = (await check_services(tenants=tenants, allowed_model_ids=MODEL))["own model"]
    assert (check.state, check.detail) == ("problem", "opus of a: answered by the default model")
    assert "AllowedModelIds" in check.advice
    assert "opus" not in aws.asked_models
    check = (await check_services(tenants=tenants, allowed_model_ids=f"{MODEL},opus"))["own model"]
    assert (check.state, aws.asked_models[-1]) == ("ok", "opus")


async def test_a_model_that_hangs_is_named(check_services, aws, monkeypatch):
    """The other checks are completed."""
    monkeypatch.setattr(services, "_MODEL_SECONDS", 0.01)
    aws.hanging.add("nova")
    results = await check_services(tenants={"a": profile(model={"id": "nova"})})
    assert results["own model"].detail == "nova of a: no answer in 0.01 s"
    assert (results["profile a"].state, results["calendar a"].state) == ("ok", "ok")


async def test_an_emulator_without_models(check_services, aws):
    """Without a stand-in for Bedrock no model is called."""
    results = await check_services(tenants={"a": profile(model={"id": "nova"})}, endpoint_url="http://127.0.0.1:4566")
    assert (results["model"].state, aws.asked_models, "own model" in results) == ("off", [], False)


async def test_a_read_only_calendar(check_services):
    """Its times would be offered, but no visit could be entered."""
    calendar = FakeCalendar("calendar", "olas")
    calendar.read_only.add("olas")
    own = [{"id": "anna"}, {"id": "ola", "calendar_id": "olas"}]
    results = await check_services(calendar=calendar, tenant=profile(resources=own))
    check = results[f"calendar {TENANT}"]
    assert (check.state, check.detail) == ("problem", "olas may be read, but not written")
    assert "right to change events" in check.advice


async def test_a_calendar_that_is_not_shared(check_services):
    """The advice says how to share it."""
    check = (await check_services(calendar=FakeCalendar("another")))[f"calendar {TENANT}"]
    assert (check.state, "share the calendar" in check.advice) == ("problem", True)


async def test_a_business_without_allowed_origins(check_services):
    """Its profile is valid, but no page can open the chat."""
    check = (await check_services(tenant=profile(allowed_origins=[])))[f"profile {TENANT}"]
    assert (check.state, check.detail) == ("problem", "no page may open the chat")
