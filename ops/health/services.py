"""Looks at what the system speaks to: the model, the senders of e-mail, each business's profile and calendars."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from ops.deployment import Deployment
from ops.health.checks import Check, Examination
from ops.health.stores import Open
from shared.aws.errors import translated
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, described
from shared.tenants.profile import TenantProfile
from workers.booking.domain.values import Interval
from workers.booking.handler.roles import Roles

_ADVICE = {
    "calendar_access_revoked": "put a valid key of the service account into the secret; it is read at the next use",
    "calendar_forbidden": "share the calendar with the service account, with the right to change events",
    "calendar_unknown": "check calendar_id in the profile, and share the calendar with the service account",
    "bad_profile": "mend the line that is named in profile.yaml, in the tenant's folder of the knowledge bucket",
    "unknown_tenant": "put a profile.yaml into the tenant's folder of the knowledge bucket",
}
_SENDER_ADVICE = "verify the address or its domain in SES, in this region, and leave the sandbox"


def examinations(
    deployment: Deployment, client: Open, roles: Callable[[], Awaitable[Roles]], clock: Clock
) -> list[Examination]:
    """Return what there is to look at outside of the stack itself."""
    looks = _Looks(deployment, client, roles, clock)
    return [
        Examination(
            "model",
            looks.model,
            "allow bedrock:InvokeModel on the inference profile and its models; ask for access in Bedrock's console",
        ),
        Examination("e-mail", looks.sender, _SENDER_ADVICE),
        Examination("businesses", looks.businesses, "allow s3:ListBucket and s3:GetObject on the knowledge bucket"),
    ]


class _Looks:
    def __init__(
        self, deployment: Deployment, client: Open, roles: Callable[[], Awaitable[Roles]], clock: Clock
    ) -> None:
        self._deployment = deployment
        self._client = client
        self._roles = roles
        self._clock = clock

    async def model(self) -> Sequence[Check]:
        model = self._deployment.named("bedrock_model_id")
        if self._deployment.endpoint_url and not self._deployment.variables.get("bedrock_url"):
            return [Check("model", "off", "answers come from Bedrock itself, not from this stack")]
        client = await self._client("bedrock-runtime")
        with translated("bedrock.converse"):
            # One word in and one token out: the only question that needs the very rights that an answer needs.
            await client.converse(
                modelId=model,
                messages=[{"role": "user", "content": [{"text": "Hi"}]}],
                inferenceConfig={"maxTokens": 1},
            )
        return [Check("model", "ok", model)]

    async def sender(self) -> Sequence[Check]:
        address = self._deployment.variables.get("ses_from_email", "")
        if not address:
            advice = "deploy with SesFromEmail, or no visitor can give an e-mail address"
            return [Check("e-mail", "off", "there is no sender", advice)]
        client, domain = await self._client("sesv2"), address.rpartition("@")[2]
        problem: PermanentError | None = None
        for identity in (address, domain):
            try:
                with translated("ses.identity"):
                    answer = await client.get_email_identity(EmailIdentity=identity)
            except PermanentError as error:
                problem = error
                continue
            if answer.get("VerifiedForSendingStatus"):
                return [Check("e-mail", "ok", f"{identity} is verified")]
            return [Check("e-mail", "problem", f"{identity} is not verified", _SENDER_ADVICE)]
        if problem and problem.reason != "aws_NotFoundException":
            raise problem
        return [Check("e-mail", "problem", f"SES knows neither {address} nor {domain}", _SENDER_ADVICE)]

    async def businesses(self) -> Sequence[Check]:
        roles = await self._roles()
        tenants = await roles.tenants.tenants()
        if not tenants:
            advice = "put a folder with a profile.yaml into the knowledge bucket"
            return [Check("businesses", "problem", "there is none", advice)]
        found = await asyncio.gather(*(self._business(roles, tenant) for tenant in tenants))
        return [check for checks in found for check in checks]

    async def _business(self, roles: Roles, tenant: str) -> list[Check]:
        name = f"profile {tenant}"
        try:
            profile = await roles.tenants.profile(tenant)
        except (PermanentError, TransientError) as error:
            return [_problem(name, error)]
        checks = [Check(name, "ok", f"{profile.name}, {len(profile.services)} services")]
        if not profile.allowed_origins:
            checks = [Check(name, "problem", "no page may open the chat", "name your pages under allowed_origins")]
        return checks + [await self._calendar(roles, tenant, profile, calendar_id) for calendar_id in profile.calendars]

    async def _calendar(self, roles: Roles, tenant: str, profile: TenantProfile, calendar_id: str) -> Check:
        name = f"calendar {tenant}"
        now = self._clock.now()
        try:
            await roles.calendar.busy(calendar_id, Interval(now, now + timedelta(hours=1)), fresh=True)
        except (PermanentError, TransientError) as error:
            return _problem(name, error)
        return Check(name, "ok", f"{calendar_id} ({profile.time_zone})")


def _problem(name: str, error: PermanentError | TransientError) -> Check:
    return Check(name, "problem", described(error), _ADVICE.get(error.reason, "try again; then look at the log"))
