"""Looks at what the system speaks to: models, senders of letters and texts, each business's profile and calendars."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ops.deployment import Deployment
from ops.health.checks import Check, Examination
from ops.health.stores import Open
from shared.aws.errors import find_error_code, translate_aws_errors
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile
from workers.booking.facade import BookingFacade, CalendarProblem

OpenTenants = Callable[[], Awaitable[TenantDirectory]]
OpenBooking = Callable[[], Awaitable[BookingFacade]]

_SHARE = "share the calendar with the service account, with the right to change events"
_ADVICE: dict[str, str] = {
    CalendarProblem.ACCESS_REVOKED: (
        "put a valid key of the service account into the secret; it is read at the next use"
    ),
    CalendarProblem.FORBIDDEN: _SHARE,
    CalendarProblem.UNKNOWN: "check calendar_id in the profile, and share the calendar with the service account",
    "bad_profile": "mend the line that is named in profile.yaml, in the tenant's folder of the knowledge bucket",
    "unknown_tenant": "put a profile.yaml into the tenant's folder of the knowledge bucket",
}
_SENDER_ADVICE = "verify the address or its domain in SES, in this region"
_MODEL_ADVICE = "allow bedrock:InvokeModel on the inference profile and its models; ask for access in Bedrock's console"


def examinations(
    deployment: Deployment, client: Open, *, open_tenants: OpenTenants, open_booking: OpenBooking, clock: Clock
) -> list[Examination]:
    """Return what there is to look at outside of the stack itself."""
    looks = _Looks(deployment, client, open_tenants, open_booking, clock)
    return [
        Examination("model", looks.model, _MODEL_ADVICE),
        Examination("own model", looks.own_models, "allow s3:ListBucket and s3:GetObject on the knowledge bucket"),
        Examination("e-mail", looks.sender, _SENDER_ADVICE),
        Examination("text messages", looks.texts, "allow sns:GetSMSSandboxAccountStatus"),
        Examination("businesses", looks.businesses, "allow s3:ListBucket and s3:GetObject on the knowledge bucket"),
    ]


_MODEL_SECONDS = 15.0
"""Less than the deadline of an examination, so that one that hangs is named."""


class _Looks:
    def __init__(
        self, deployment: Deployment, client: Open, open_tenants: OpenTenants, open_booking: OpenBooking, clock: Clock
    ) -> None:
        self._deployment = deployment
        self._client = client
        self._open_tenants = open_tenants
        self._open_booking = open_booking
        self._clock = clock

    async def model(self) -> Sequence[Check]:
        model = self._deployment.named("bedrock_model_id")
        if not self._has_models:
            return [Check("model", "off", "answers come from Bedrock itself, not from this stack")]
        await self._answers(model)
        return [Check("model", "ok", model)]

    async def own_models(self) -> Sequence[Check]:
        """Ask each other model that a profile names, once, however many name it; none may hold up the others."""
        if not self._has_models:
            return []
        directory = await self._open_tenants()
        tenants = await directory.tenants()
        # A profile that can't be read is a problem of its own line.
        profiles = await asyncio.gather(*map(directory.profile, tenants), return_exceptions=True)
        whose: dict[str, list[str]] = {}
        for tenant, profile in zip(tenants, profiles, strict=True):
            if isinstance(profile, TenantProfile) and profile.model.id:
                whose.setdefault(profile.model.id, []).append(tenant)
        whose.pop(self._deployment.named("bedrock_model_id"), None)
        return await asyncio.gather(*(self._own_model(model, tenants) for model, tenants in whose.items()))

    async def _own_model(self, model: str, tenants: Sequence[str]) -> Check:
        name, detail = "own model", f"{model} of {', '.join(tenants)}"
        try:
            async with asyncio.timeout(_MODEL_SECONDS):
                await self._answers(model)
        except TimeoutError:
            return Check(name, "problem", f"{detail}: no answer in {_MODEL_SECONDS:g} s", _MODEL_ADVICE)
        except (PermanentError, TransientError) as error:
            return Check(name, "problem", f"{detail}: {describe_error(error)}", _MODEL_ADVICE)
        return Check(name, "ok", detail)

    @property
    def _has_models(self) -> bool:
        return not self._deployment.endpoint_url or bool(self._deployment.variables.get("bedrock_url"))

    async def _answers(self, model: str) -> None:
        client = await self._client("bedrock-runtime")
        with translate_aws_errors("bedrock.converse"):
            # One word in and one token out: the only question that needs the very rights that an answer needs.
            await client.converse(
                modelId=model,
                messages=[{"role": "user", "content": [{"text": "Hi"}]}],
                inferenceConfig={"maxTokens": 1},
            )

    async def sender(self) -> Sequence[Check]:
        address = self._deployment.variables.get("ses_from_email", "")
        if not address:
            advice = "deploy with SesFromEmail, or no visitor can give an e-mail address"
            return [Check("e-mail", "off", "there is no sender", advice)]
        client, domain = await self._client("sesv2"), address.rpartition("@")[2]
        problem: PermanentError | None = None
        for identity in (address, domain):
            try:
                with translate_aws_errors("ses.identity"):
                    answer = await client.get_email_identity(EmailIdentity=identity)
            except PermanentError as error:
                problem = error
                continue
            if answer.get("VerifiedForSendingStatus"):
                return [await self._account(f"{identity} is verified")]
            return [Check("e-mail", "problem", f"{identity} is not verified", _SENDER_ADVICE)]
        if problem and find_error_code(problem) != "NotFoundException":
            raise problem
        return [Check("e-mail", "problem", f"SES knows neither {address} nor {domain}", _SENDER_ADVICE)]

    async def _account(self, detail: str) -> Check:
        """Return whether SES lets the account send to anybody at all."""
        client = await self._client("sesv2")
        try:
            with translate_aws_errors("ses.account"):
                account = await client.get_account()
        except PermanentError as error:
            return Check("e-mail", "problem", f"{detail}, but {describe_error(error)}", "allow ses:GetAccount")
        if not account.get("SendingEnabled", True):
            advice = "read why in SES's console, under account dashboard, and answer there"
            return Check("e-mail", "problem", "SES has stopped this account's sending", advice)
        if not account.get("ProductionAccessEnabled", True):
            advice = "ask for production access in SES's console: until then only verified addresses get letters"
            return Check("e-mail", "problem", "the account is in SES's sandbox", advice)
        return Check("e-mail", "ok", detail)

    async def texts(self) -> Sequence[Check]:
        if self._deployment.variables.get("sms_enabled") != "true":
            advice = "deploy with SmsEnabled=true, or no visitor can give a phone number"
            return [Check("text messages", "off", "they are not turned on", advice)]
        if self._deployment.endpoint_url:
            return [Check("text messages", "ok", "the emulator keeps them to itself")]
        client = await self._client("sns")
        with translate_aws_errors("sns.sandbox"):
            answer = await client.get_sms_sandbox_account_status()
        if answer.get("IsInSandbox"):
            advice = "leave it in SNS's console, and raise the monthly limit: until then only verified numbers get any"
            return [Check("text messages", "problem", "the account is in SNS's SMS sandbox", advice)]
        return [
            Check("text messages", "ok", f"up to {self._deployment.variables.get('sms_max_price_usd', '?')} USD each")
        ]

    async def businesses(self) -> Sequence[Check]:
        directory = await self._open_tenants()
        tenants = await directory.tenants()
        if not tenants:
            advice = "put a folder with a profile.yaml into the knowledge bucket"
            return [Check("businesses", "problem", "there is none", advice)]
        found = await asyncio.gather(*(self._business(directory, tenant) for tenant in tenants))
        return [check for checks in found for check in checks]

    async def _business(self, directory: TenantDirectory, tenant: str) -> list[Check]:
        name = f"profile {tenant}"
        try:
            profile = await directory.profile(tenant)
        except (PermanentError, TransientError) as error:
            return [_problem(name, error)]
        checks = [Check(name, "ok", f"{profile.name}, {len(profile.services)} services")]
        if not profile.allowed_origins:
            checks = [Check(name, "problem", "no page may open the chat", "name your pages under allowed_origins")]
        return checks + [await self._calendar(tenant, profile, calendar_id) for calendar_id in profile.calendars]

    async def _calendar(self, tenant: str, profile: TenantProfile, calendar_id: str) -> Check:
        name = f"calendar {tenant}"
        try:
            booking = await self._open_booking()
            if not await booking.is_calendar_writable(calendar_id, self._clock.now()):
                return Check(name, "problem", f"{calendar_id} may be read, but not written", _SHARE)
        except (PermanentError, TransientError) as error:
            return _problem(name, error)
        return Check(name, "ok", f"{calendar_id} ({profile.time_zone})")


def _problem(name: str, error: PermanentError | TransientError) -> Check:
    return Check(name, "problem", describe_error(error), _ADVICE.get(error.reason, "try again; then look at the log"))
