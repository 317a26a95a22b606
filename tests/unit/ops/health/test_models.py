"""Health checks of the models."""

import asyncio

import pytest

from ops.deployment import Deployment
from ops.health import models
from ops.health.checks import CheckResult, run_checks
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.health.values import client_error, make_profile
from workers.chat.adapters.bedrock import request

MODEL = "eu.anthropic.claude-haiku"


class FakeBedrock:
    """The client of Bedrock Runtime; models that it does not have are denied."""

    def __init__(self):
        self.models = {MODEL}
        self.asked_models = []
        self.hanging = set()
        self.error = "AccessDeniedException"

    async def open_client(self, _service):
        return self

    async def converse(self, *, modelId, messages, inferenceConfig):  # noqa: N803 - AWS names them so
        assert (len(messages), inferenceConfig) == (1, {"maxTokens": 1, "temperature": request.TEMPERATURE})
        self.asked_models.append(modelId)
        if modelId in self.hanging:
            await asyncio.sleep(60)
        if modelId not in self.models:
            raise client_error(self.error, "Converse")


@pytest.fixture
def aws():
    return FakeBedrock()


@pytest.fixture
def check_models(aws):
    """Return a function that runs the checks of a deployment with these businesses."""

    async def check_models(tenants=None, *, endpoint_url=None, **variables):
        async def open_tenants():
            return FakeTenants(tenants or {"a": make_profile()})

        deployment = Deployment("s", "r", endpoint_url, {"bedrock_model_id": MODEL} | variables)
        return await run_checks(models.list_model_checks(deployment, aws.open_client, open_tenants=open_tenants))

    return check_models


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ValidationException", "aws bedrock list-inference-profiles"),
        ("ResourceNotFoundException", "use-case form"),
        ("AccessDeniedException", "aws-marketplace:Subscribe"),
        ("ThrottlingException", "Service Quotas"),
    ],
)
async def test_the_advice_follows_the_error_of_bedrock(check_models, aws, code, advice):
    """An invalid id, a form that is missing, a permission and a quota are repaired in different places."""
    aws.models, aws.error = set(), code
    [check] = await check_models()
    assert (check.name, check.state) == ("model", "problem")
    assert code in check.detail
    assert advice in check.advice


async def test_the_models_of_tenants_are_checked(check_models, aws):
    """Each further model is called once and named with its tenants; a broken one does not hide the others."""
    nova, opus, own = (make_profile(model={"id": name}) for name in ("nova", "opus", MODEL))
    aws.models.add("opus")
    default, broken, fine = await check_models({"a": nova, "b": opus, "c": nova, "d": own})
    assert sorted(aws.asked_models) == [MODEL, "nova", "opus"]
    assert (default, fine) == (CheckResult("model", "ok", MODEL), CheckResult("own model", "ok", "opus of b"))
    assert (broken.name, broken.detail) == (
        "own model",
        "nova of a, c: DeploymentError: bedrock.converse: AccessDeniedException",
    )
    assert "bedrock:InvokeModel" in broken.advice


async def test_a_model_that_the_role_may_not_invoke_is_named_without_a_call(check_models, aws):
    """The desk's own permissions say nothing about those of the worker."""
    aws.models.add("opus")
    tenants = {"a": make_profile(model={"id": "opus"})}
    _, check = await check_models(tenants, allowed_model_ids=MODEL)
    assert (check.state, check.detail) == ("problem", "opus of a: answered by the default model")
    assert "AllowedModelIds" in check.advice
    assert "opus" not in aws.asked_models
    _, check = await check_models(tenants, allowed_model_ids=f"{MODEL},opus")
    assert (check.state, aws.asked_models[-1]) == ("ok", "opus")


async def test_a_model_that_hangs_is_named(check_models, aws, monkeypatch):
    """The other checks are completed."""
    monkeypatch.setattr(models, "_MODEL_SECONDS", 0.01)
    aws.hanging.add("nova")
    default, hanging = await check_models({"a": make_profile(model={"id": "nova"})})
    assert hanging.detail == "nova of a: no answer in 0.01 s"
    assert default.state == "ok"


async def test_an_emulator_without_models(check_models, aws):
    """Without a stand-in for Bedrock no model is called."""
    [default] = await check_models({"a": make_profile(model={"id": "nova"})}, endpoint_url="http://127.0.0.1:4566")
    assert (default.state, aws.asked_models) == ("off", [])
