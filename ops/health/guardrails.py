"""Checks the guardrails that profiles name: each is asked together with the model of its businesses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.health.models import ask_model, has_models
from ops.health.stores import OpenClient
from shared.aws.errors import find_aws_error_code
from shared.errors import PermanentError, TransientError, describe_error
from shared.tenants.guardrails import Guardrail
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile

OpenTenants = Callable[[], Awaitable[TenantDirectory]]

_SECONDS = 7.0
"""For the question with the guardrail, and as long again for the one without: together less than a check may take."""

_ADVICE = "try again; if it stays, look at the guardrail in Bedrock's console"
_UNKNOWN = (
    "unknown id or version",
    (
        "correct `model.guardrail` in the profile: `aws bedrock list-guardrails` lists the ids of a region, and with"
        " --guardrail-identifier the versions of one. It has to be in the region of the deployment"
    ),
)
_REFUSALS = {
    # https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions.html
    "ValidationException": _UNKNOWN,
    "ResourceNotFoundException": _UNKNOWN,
    "AccessDeniedException": (
        "no permission",
        (
            "allow bedrock:ApplyGuardrail on it to whoever runs this command; the chat worker may apply what the"
            " parameter GuardrailArns of the template lists"
        ),
    ),
}
"""What an error's code says where the model answers without the guardrail, and what to do."""


def list_guardrail_checks(
    deployment: Deployment, open_client: OpenClient, *, open_tenants: OpenTenants
) -> list[HealthCheck]:
    """Return the check of all guardrails; each is one call, which Bedrock charges as the check of two short texts."""

    async def check_guardrails() -> Sequence[CheckResult]:
        if not has_models(deployment):
            return []
        directory = await open_tenants()
        tenants = await directory.list_tenants()
        # `businesses` reports a profile that can't be read.
        profiles = await asyncio.gather(*map(directory.get_profile, tenants), return_exceptions=True)
        tenants_by_pair: dict[tuple[str, Guardrail], list[str]] = {}
        for tenant, profile in zip(tenants, profiles, strict=True):
            if isinstance(profile, TenantProfile) and profile.model.guardrail:
                pair = (_find_model_id(deployment, profile), profile.model.guardrail)
                tenants_by_pair.setdefault(pair, []).append(tenant)
        return await asyncio.gather(
            *(_check_guardrail(open_client, *pair, tenants) for pair, tenants in tenants_by_pair.items())
        )

    return [HealthCheck("guardrail", check_guardrails, "allow s3:ListBucket and s3:GetObject on the knowledge bucket")]


def _find_model_id(deployment: Deployment, profile: TenantProfile) -> str:
    """Return the model that answers a business: that of the deployment where its own is not allowed."""
    default, allowed = deployment.require_variable("bedrock_model_id"), deployment.variables.get("allowed_model_ids")
    own = profile.model.id or default
    return own if not allowed or own in {default, *allowed.split(",")} else default


async def _check_guardrail(
    open_client: OpenClient, model_id: str, guardrail: Guardrail, tenants: Sequence[str]
) -> CheckResult:
    name, detail = "guardrail", f"{guardrail.id} version {guardrail.version} of {', '.join(tenants)}"
    try:
        async with asyncio.timeout(_SECONDS):
            await ask_model(open_client, model_id, guardrail)
    except TimeoutError:
        return CheckResult(name, "problem", f"{detail}: no answer in {_SECONDS:g} s", _ADVICE)
    except (PermanentError, TransientError) as error:
        if not await _answers(open_client, model_id):
            return CheckResult(
                name, "problem", f"{detail}: not checked, because {model_id} does not answer", "repair the model first"
            )
        cause, advice = _REFUSALS.get(find_aws_error_code(error), ("", _ADVICE))
        named = f"{cause}: {describe_error(error)}" if cause else describe_error(error)
        return CheckResult(name, "problem", f"{detail}: {named}", advice)
    return CheckResult(name, "ok", detail)


async def _answers(open_client: OpenClient, model_id: str) -> bool:
    """Return whether a model answers without the guardrail: a refusal of either has the same codes."""
    try:
        async with asyncio.timeout(_SECONDS):
            await ask_model(open_client, model_id)
    except (TimeoutError, PermanentError, TransientError):
        return False
    return True
