"""Checks the models: the default one, its fallback, and each further one that the profile of a business names."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.health.model_question import build_question
from ops.health.stores import OpenClient
from shared.aws.errors import find_aws_error_code, translate_aws_errors
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.language_models.catalogue import find_model
from shared.tenants.guardrails import Guardrail
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile

OpenTenants = Callable[[], Awaitable[TenantDirectory]]

_ALLOWED_ADVICE = "add it to the parameter AllowedModelIds of the template, or remove it from the profile"
_MODEL_ADVICE = "check that the region has the model, and that the account may invoke it"
_END_ADVICE = "name another model in its place, and read its page first: limits, prices and answers differ"
_REFUSALS = {
    # https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    "ValidationException": (
        "unknown id, or a refused parameter",
        (
            "this region has no such model or profile, or the model refuses a part of the request: name another one of"
            " `aws bedrock list-inference-profiles` as BedrockModelId"
        ),
    ),
    "ResourceNotFoundException": (
        "no access",
        (
            "fill in Anthropic's use-case form in the model catalog of Bedrock's console, and try again in 15 minutes;"
            " a model with the state LEGACY is not for new accounts, so name another one as BedrockModelId"
        ),
    ),
    "AccessDeniedException": (
        "no access",
        (
            "allow bedrock:InvokeModel on the inference profile and its models; for the first call of an account also"
            " aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions, and fill in the use-case form"
        ),
    ),
    "ThrottlingException": (
        "throttled",
        "ask for more tokens and requests a minute for this model in Service Quotas",
    ),
}
"""What an error's code says, and what to do. A refused parameter has the code of an unknown id."""

_MODEL_SECONDS = 15.0
"""Less than the deadline of a health check, so that the result names a model that does not answer."""


def list_model_checks(
    deployment: Deployment, open_client: OpenClient, *, open_tenants: OpenTenants, clock: Clock
) -> list[HealthCheck]:
    """Return the checks of the models; each asks a model for one word, as chat asks it."""
    checks = _Checks(deployment, open_client, open_tenants, clock)
    return [
        HealthCheck("model", checks.check_model, _MODEL_ADVICE),
        HealthCheck("fallback model", checks.check_fallback_model, _MODEL_ADVICE),
        HealthCheck(
            "own model", checks.check_tenant_models, "allow s3:ListBucket and s3:GetObject on the knowledge bucket"
        ),
    ]


def has_models(deployment: Deployment) -> bool:
    """Return whether a deployment has models that can be asked; an emulator has some with a stand-in only."""
    return not deployment.endpoint_url or bool(deployment.variables.get("bedrock_url"))


async def ask_model(open_client: OpenClient, model_id: str, guardrail: Guardrail | None = None) -> None:
    """Ask a model for one word, and read the answer to its end; only a real call needs the permissions of an answer.

    Raises:
        ServiceError: the model is not reached, or the call is refused.
    """
    client = await open_client("bedrock-runtime")
    with translate_aws_errors("bedrock.converse_stream"):
        answer = await client.converse_stream(**build_question(find_model(model_id), guardrail))
        with contextlib.closing(answer["stream"]) as events:
            async for _ in events:
                pass


class _Checks:
    def __init__(
        self, deployment: Deployment, open_client: OpenClient, open_tenants: OpenTenants, clock: Clock
    ) -> None:
        self._deployment = deployment
        self._open_client = open_client
        self._open_tenants = open_tenants
        self._clock = clock

    async def check_model(self) -> Sequence[CheckResult]:
        model = self._deployment.require_variable("bedrock_model_id")
        if not has_models(self._deployment):
            return [CheckResult("model", "off", "this stack has no stand-in for Bedrock")]
        return [await self._check_answer("model", model, model)]

    async def check_fallback_model(self) -> Sequence[CheckResult]:
        model = self._deployment.variables.get("fallback_model_id")
        if not model or not has_models(self._deployment):
            return []
        return [await self._check_answer("fallback model", model, model)]

    async def check_tenant_models(self) -> Sequence[CheckResult]:
        """Ask each further model that a profile names, once and concurrently, however many profiles name it."""
        if not has_models(self._deployment):
            return []
        directory = await self._open_tenants()
        tenants = await directory.list_tenants()
        # `businesses` reports a profile that can't be read.
        profiles = await asyncio.gather(*map(directory.get_profile, tenants), return_exceptions=True)
        tenants_by_model: dict[str, list[str]] = {}
        for tenant, profile in zip(tenants, profiles, strict=True):
            if isinstance(profile, TenantProfile) and profile.model.id:
                tenants_by_model.setdefault(profile.model.id, []).append(tenant)
        tenants_by_model.pop(self._deployment.require_variable("bedrock_model_id"), None)
        return await asyncio.gather(
            *(self._check_tenant_model(model, tenants) for model, tenants in tenants_by_model.items())
        )

    async def _check_tenant_model(self, model: str, tenants: Sequence[str]) -> CheckResult:
        name, detail = "own model", f"{model} of {', '.join(tenants)}"
        if (allowed := self._deployment.variables.get("allowed_model_ids")) and model not in allowed.split(","):
            return CheckResult(name, "problem", f"{detail}: answered by the default model", _ALLOWED_ADVICE)
        return await self._check_answer(name, model, detail)

    async def _check_answer(self, name: str, model: str, detail: str) -> CheckResult:
        try:
            async with asyncio.timeout(_MODEL_SECONDS):
                await ask_model(self._open_client, model)
        except TimeoutError:
            return CheckResult(name, "problem", f"{detail}: no answer in {_MODEL_SECONDS:g} s", _MODEL_ADVICE)
        except (PermanentError, TransientError) as error:
            cause, advice = _REFUSALS.get(find_aws_error_code(error), ("", _MODEL_ADVICE))
            named = f"{cause}: {describe_error(error)}" if cause else describe_error(error)
            return CheckResult(name, "problem", f"{detail}: {named}", advice)
        return self._describe_lifecycle(name, model, detail)

    def _describe_lifecycle(self, name: str, model: str, detail: str) -> CheckResult:
        known = find_model(model)
        end = known.lifecycle.find_near_end(self._clock.now().date())
        if end is None:
            return CheckResult(name, "ok", detail)
        figure = "end_of_life" if known.lifecycle.end_of_life else "earliest_end_of_life"
        source = known.sources[f"lifecycle.{figure}"]
        when = f"ends on {end}" if known.lifecycle.end_of_life else f"is legacy and may end from {end} on"
        doubt = "" if source.confirmed else f"; not confirmed, see {source.url}"
        return CheckResult(name, "warning", f"{detail}: {when}{doubt}", _END_ADVICE)
