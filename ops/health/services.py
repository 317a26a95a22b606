"""Checks external services and businesses: e-mail, text messages, profiles and calendars."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.health.models import OpenTenants
from ops.health.stores import OpenClient
from shared.aws.errors import find_aws_error_code, translate_aws_errors
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.tenants.busy_calendars import BusyCalendarSource, CalendarProvider
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile
from shared.tenants.shared_calendars import find_shared_calendars
from workers.booking.facade import BookingFacade, CalendarProblem

OpenBooking = Callable[[], Awaitable[BookingFacade]]

_SHARE = "share the calendar with the service account, with the right to change events"
_CALDAV_ADVICE = "check the URL under busy_calendars, and its account in the secret that CaldavSecretName names"
_ADVICE: dict[str, str] = {
    CalendarProblem.ACCESS_REVOKED: "put a valid key of the service account into the secret; the next use reads it",
    CalendarProblem.NOT_CONFIGURED: "put the key file of Google's service account into the secret, as it is",
    CalendarProblem.ACCOUNT_MISSING: _CALDAV_ADVICE,
    CalendarProblem.ACCOUNT_REFUSED: _CALDAV_ADVICE,
    CalendarProblem.REQUEST_REFUSED: "check calendar_id in the profile; a reason that names nothing of it is a bug",
    CalendarProblem.FORBIDDEN: _SHARE,
    CalendarProblem.UNKNOWN: "check calendar_id in the profile, and share the calendar with the service account",
    "bad_profile": "correct the named line of profile.yaml, in the tenant's folder of the knowledge bucket",
    "unknown_tenant": "put a profile.yaml into the tenant's folder of the knowledge bucket",
}
_DOCUMENT_ADVICE = "the assistant answers without it: correct or remove it in the folder of the knowledge bucket"
_BUCKET_ADVICE = (
    "allow s3:ListBucket and s3:GetObject on the knowledge bucket; until then workers serve the last copy that they"
    " read"
)
_SENDER_ADVICE = "verify the address or its domain in SES, in this region"


def list_service_checks(
    deployment: Deployment,
    open_client: OpenClient,
    *,
    open_tenants: OpenTenants,
    open_booking: OpenBooking,
    clock: Clock,
) -> list[HealthCheck]:
    """Return the checks of external services and of the businesses' profiles."""
    checks = _Checks(deployment, open_client, open_tenants, open_booking, clock)
    return [
        HealthCheck("e-mail", checks.check_email_sender, _SENDER_ADVICE),
        HealthCheck("text messages", checks.check_text_messages, "allow sns:GetSMSSandboxAccountStatus"),
        HealthCheck(
            "businesses",
            checks.check_businesses,
            _BUCKET_ADVICE,
        ),
    ]


class _Checks:
    def __init__(
        self,
        deployment: Deployment,
        open_client: OpenClient,
        open_tenants: OpenTenants,
        open_booking: OpenBooking,
        clock: Clock,
    ) -> None:
        self._deployment = deployment
        self._open_client = open_client
        self._open_tenants = open_tenants
        self._open_booking = open_booking
        self._clock = clock

    async def check_email_sender(self) -> Sequence[CheckResult]:
        address = self._deployment.variables.get("ses_from_email", "")
        if not address:
            advice = "deploy with SesFromEmail; without it visitors can't give an e-mail address"
            return [CheckResult("e-mail", "off", "there is no sender address", advice)]
        client, domain = await self._open_client("sesv2"), address.rpartition("@")[2]
        problem: PermanentError | None = None
        for identity in (address, domain):
            try:
                with translate_aws_errors("ses.identity"):
                    answer = await client.get_email_identity(EmailIdentity=identity)
            except PermanentError as error:
                problem = error
                continue
            if answer.get("VerifiedForSendingStatus"):
                return [await self._check_ses_account(f"{identity} is verified")]
            return [CheckResult("e-mail", "problem", f"{identity} is not verified", _SENDER_ADVICE)]
        if problem and find_aws_error_code(problem) != "NotFoundException":
            raise problem
        return [CheckResult("e-mail", "problem", f"SES knows neither {address} nor {domain}", _SENDER_ADVICE)]

    async def _check_ses_account(self, detail: str) -> CheckResult:
        """Check whether SES lets the account send e-mails to any address."""
        client = await self._open_client("sesv2")
        try:
            with translate_aws_errors("ses.account"):
                account = await client.get_account()
        except PermanentError as error:
            return CheckResult("e-mail", "problem", f"{detail}, but {describe_error(error)}", "allow ses:GetAccount")
        if not account.get("SendingEnabled", True):
            advice = "read the reason in SES's console, under account dashboard, and reply there"
            return CheckResult("e-mail", "problem", "SES has stopped this account's sending", advice)
        if not account.get("ProductionAccessEnabled", True):
            advice = "ask for production access in SES's console: until then only verified addresses get e-mails"
            return CheckResult("e-mail", "problem", "the account is in SES's sandbox", advice)
        return CheckResult("e-mail", "ok", detail)

    async def check_text_messages(self) -> Sequence[CheckResult]:
        if self._deployment.variables.get("sms_enabled") != "true":
            advice = "deploy with SmsEnabled=true; without it visitors can't give a phone number"
            return [CheckResult("text messages", "off", "they are turned off", advice)]
        if self._deployment.endpoint_url:
            return [CheckResult("text messages", "ok", "the emulator stores them and sends none")]
        client = await self._open_client("sns")
        with translate_aws_errors("sns.sandbox"):
            answer = await client.get_sms_sandbox_account_status()
        if answer.get("IsInSandbox"):
            advice = (
                "leave it in SNS's console and raise the monthly limit: until then only verified numbers get messages"
            )
            return [CheckResult("text messages", "problem", "the account is in SNS's SMS sandbox", advice)]
        return [
            CheckResult(
                "text messages", "ok", f"up to {self._deployment.variables.get('sms_max_price_usd', '?')} USD each"
            )
        ]

    async def check_businesses(self) -> Sequence[CheckResult]:
        directory = await self._open_tenants()
        tenants = await directory.list_tenants()
        if not tenants:
            advice = "put a folder with a profile.yaml into the knowledge bucket"
            return [CheckResult("businesses", "problem", "there are none", advice)]
        results = await asyncio.gather(*(self._check_business(directory, tenant) for tenant in tenants))
        shared = await _find_shared_calendars(directory, tenants)
        return [result for of_business in results for result in of_business] + shared

    async def _check_business(self, directory: TenantDirectory, tenant: str) -> list[CheckResult]:
        name = f"profile {tenant}"
        try:
            profile = await directory.get_profile(tenant)
        except (PermanentError, TransientError) as error:
            return [_error_to_result(name, error)]
        checks = [CheckResult(name, "ok", f"{profile.name}, {len(profile.services)} services")]
        if not profile.allowed_origins:
            checks = [
                CheckResult(
                    name, "problem", "no page may open the chat", "list the origins of your pages under allowed_origins"
                )
            ]
        checks += [
            CheckResult(name, "warning", warning, "correct this line of profile.yaml")
            for warning in await directory.get_warnings(tenant)
        ]
        checks += [
            CheckResult(f"documents {tenant}", "warning", problem, _DOCUMENT_ADVICE)
            for problem in await directory.get_document_problems(tenant)
        ]
        checks += [await self._check_calendar(tenant, profile, calendar_id) for calendar_id in profile.calendars]
        return checks + [await self._check_busy_calendar(tenant, source) for source in profile.all_busy_calendars]

    async def _check_calendar(self, tenant: str, profile: TenantProfile, calendar_id: str) -> CheckResult:
        name = f"calendar {tenant}"
        try:
            booking = await self._open_booking()
            if not await booking.is_calendar_writable(calendar_id, self._clock.now()):
                return CheckResult(name, "problem", f"{calendar_id} may be read, but not written", _SHARE)
        except (PermanentError, TransientError) as error:
            return _error_to_result(name, error)
        return CheckResult(name, "ok", f"{calendar_id} ({profile.time_zone})")

    async def _check_busy_calendar(self, tenant: str, source: BusyCalendarSource) -> CheckResult:
        name = f"busy calendar {tenant}"
        try:
            booking = await self._open_booking()
            await booking.check_busy_calendar(source, self._clock.now())
        except (PermanentError, TransientError) as error:
            if source.provider is CalendarProvider.CALDAV and isinstance(error, PermanentError):
                return CheckResult(name, "problem", describe_error(error), _CALDAV_ADVICE)
            return _error_to_result(name, error)
        return CheckResult(name, "ok", f"{source.id} ({source.provider})")


async def _find_shared_calendars(directory: TenantDirectory, tenants: Sequence[str]) -> list[CheckResult]:
    """Warn of calendars that several businesses name: a visit of one makes the others busy."""
    profiles: dict[str, TenantProfile] = {}
    for tenant in tenants:
        with suppress(PermanentError, TransientError):  # reported by the check of the business itself
            profiles[tenant] = await directory.get_profile(tenant)
    return [
        CheckResult(
            "calendars",
            "warning",
            f"{calendar_id} is the calendar of {', '.join(names)}",
            "give each business a calendar of its own: a visit of one makes the others busy",
        )
        for calendar_id, names in find_shared_calendars(profiles).items()
    ]


def _error_to_result(name: str, error: PermanentError | TransientError) -> CheckResult:
    return CheckResult(
        name, "problem", describe_error(error), _ADVICE.get(error.reason, "try again; then read the log")
    )
