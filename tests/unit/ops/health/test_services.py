"""Health checks of senders, businesses and their calendars."""

from types import SimpleNamespace

import pytest

from ops.deployment import Deployment
from ops.health import services
from ops.health.checks import run_checks
from shared.tenants.busy_calendars import CalendarProvider
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.health.values import client_error, make_profile
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError
from workers.booking.facade import BookingFacade

TENANT = "salon-ania"
OF_ALERTS = {CalendarProblem.MOVE_REFUSED, CalendarProblem.VISIT_RESTORED}


class FakeAws:
    """Clients of all services, without problems until a test sets one."""

    def __init__(self):
        self.identities = {"example.com": True}
        self.account = {"SendingEnabled": True, "ProductionAccessEnabled": True}
        self.in_sms_sandbox = False

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


class RefusedCalendar(FakeCalendar):
    """A calendar that can't be read because of a problem."""

    def __init__(self, problem):
        super().__init__("calendar")
        self._problem = problem

    async def find_busy_times(self, *_arguments, **_options):
        raise UnusableCalendarError(self._problem)


@pytest.fixture
def aws():
    return FakeAws()


@pytest.fixture
def check_services(aws):
    """Return a function that runs the checks of a deployment and returns the results by name."""

    async def check_services(
        *,
        calendar=None,
        caldav=None,
        tenant=None,
        tenants=None,
        warnings=None,
        unreadable=None,
        endpoint_url=None,
        **variables,
    ):
        variables = {
            "ses_from_email": "salon@example.com",
            "sms_enabled": "true",
        } | variables

        async def open_ports():
            readers = {CalendarProvider.GOOGLE: calendar, CalendarProvider.CALDAV: caldav}
            return SimpleNamespace(calendar=calendar or FakeCalendar("calendar"), get_busy_calendar=readers.__getitem__)

        async def open_booking():
            return BookingFacade(appointments=None, open_ports=open_ports)

        async def open_tenants():
            directory = FakeTenants(tenants or {TENANT: tenant or make_profile()})
            directory.warnings, directory.document_problems = warnings or {}, unreadable or {}
            return directory

        deployment = Deployment("s", "r", endpoint_url, variables)
        health_checks = services.list_service_checks(
            deployment, aws.open_client, open_tenants=open_tenants, open_booking=open_booking, clock=FakeClock()
        )
        return {check.name: check for check in await run_checks(health_checks)}

    return check_services


async def test_a_deployment_without_problems(check_services):
    """Each check is ok, and none has advice."""
    results = await check_services()
    assert {name: check.state for name, check in results.items()} == dict.fromkeys(
        ["e-mail", "text messages", f"profile {TENANT}", f"calendar {TENANT}"], "ok"
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


async def test_a_read_only_calendar(check_services):
    """Its times would be offered, but no visit could be entered."""
    calendar = FakeCalendar("calendar", "olas")
    calendar.read_only.add("olas")
    own = [{"id": "anna"}, {"id": "ola", "calendar_id": "olas"}]
    results = await check_services(calendar=calendar, tenant=make_profile(resources=own))
    check = results[f"calendar {TENANT}"]
    assert (check.state, check.detail) == ("problem", "olas may be read, but not written")
    assert "right to change events" in check.advice


async def test_a_busy_calendar_is_read(check_services):
    """It need not be writable; if it can't be read, no time is offered, and the advice is that of its provider."""
    sources = [{"id": "olas"}, {"provider": "caldav", "id": "https://dav.example.com/ola/"}]
    calendar = FakeCalendar("calendar", "olas")
    calendar.read_only.add("olas")
    for source, expected in zip(sources, ["ok", "problem"], strict=True):
        found = await check_services(
            calendar=calendar, caldav=FakeCalendar("another"), tenant=make_profile(busy_calendars=[source])
        )
        check = found[f"busy calendar {TENANT}"]
        assert check.state == expected
    assert "CaldavSecretName" in check.advice


async def test_a_calendar_that_is_not_shared(check_services):
    """The advice says how to share it."""
    check = (await check_services(calendar=FakeCalendar("another")))[f"calendar {TENANT}"]
    assert (check.state, "share the calendar" in check.advice) == ("problem", True)


@pytest.mark.parametrize("problem", sorted(set(CalendarProblem) - OF_ALERTS))
async def test_each_problem_of_a_calendar_has_its_own_advice(check_services, problem):
    """Reading a calendar never ends with the problems that are only of alerts: what its owner did to a visit."""
    check = (await check_services(calendar=RefusedCalendar(problem)))[f"calendar {TENANT}"]
    assert (check.state, "try again" in check.advice) == ("problem", False)


async def test_a_business_without_allowed_origins(check_services):
    """Its profile is valid, but no page can open the chat."""
    check = (await check_services(tenant=make_profile(allowed_origins=[])))[f"profile {TENANT}"]
    assert (check.state, check.detail) == ("problem", "no page may open the chat")


async def test_a_mistake_that_is_accepted_is_a_warning(check_services):
    """The profile is named with its line, after the result that it works."""
    results = await check_services(warnings={TENANT: ["line 3: horizon_days: `060` is read as 48"]})
    assert results[f"profile {TENANT}"].state == "warning"
    assert results[f"profile {TENANT}"].detail == "line 3: horizon_days: `060` is read as 48"


async def test_a_file_that_is_not_read_is_a_warning(check_services):
    """With what to do."""
    results = await check_services(unreadable={TENANT: ["menu.pdf is not read: documents end in .md"]})
    check = results[f"documents {TENANT}"]
    assert (check.state, check.detail) == ("warning", "menu.pdf is not read: documents end in .md")
    assert "correct or remove it" in check.advice


async def test_a_calendar_of_two_businesses_is_a_warning(check_services):
    """A visit of one makes the other busy."""
    results = await check_services(tenants={"b": make_profile(), "a": make_profile()})
    assert results["calendars"].state == "warning"
    assert results["calendars"].detail.endswith("is the calendar of a, b")
