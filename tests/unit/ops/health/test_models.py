"""Health checks of the models."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ops.deployment import Deployment
from ops.health import models
from ops.health.checks import CheckResult, run_checks
from shared.language_models.catalogue import find_model, read_catalogue
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.health.values import FakeEvents, client_error, make_profile
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import Tool, ToolResult

MODEL = "eu.anthropic.claude-haiku"


class FakeBedrock:
    """The client of Bedrock Runtime; models that it does not have are denied."""

    def __init__(self):
        self.models = {MODEL}
        self.asked_models = []
        self.hanging = set()
        self.requests = {}
        self.streams = []
        self.error = "AccessDeniedException"

    async def open_client(self, _service):
        return self

    async def converse_stream(self, *, modelId, **request):  # noqa: N803 - AWS names it so
        self.requests[modelId] = request
        self.asked_models.append(modelId)
        if modelId in self.hanging:
            await asyncio.sleep(60)
        if modelId not in self.models:
            raise client_error(self.error, "ConverseStream")
        self.streams.append(FakeEvents())
        return {"stream": self.streams[-1]}


@pytest.fixture
def aws():
    return FakeBedrock()


@pytest.fixture
def check_models(aws):
    """Return a function that runs the checks of a deployment with these businesses."""

    async def check_models(tenants=None, *, endpoint_url=None, now=None, **variables):
        async def open_tenants():
            return FakeTenants(tenants or {"a": make_profile()})

        deployment = Deployment("s", "r", endpoint_url, {"bedrock_model_id": MODEL} | variables)
        return await run_checks(
            models.list_model_checks(
                deployment, aws.open_client, open_tenants=open_tenants, clock=FakeClock(now or NOON)
            )
        )

    return check_models


@pytest.mark.parametrize(
    ("code", "cause", "advice"),
    [
        ("ValidationException", "unknown id", "aws bedrock list-inference-profiles"),
        ("ResourceNotFoundException", "no access", "use-case form"),
        ("AccessDeniedException", "no access", "aws-marketplace:Subscribe"),
        ("ThrottlingException", "throttled", "Service Quotas"),
    ],
)
async def test_the_advice_follows_the_error_of_bedrock(check_models, aws, code, cause, advice):
    """An invalid id, a form that is missing, a permission and a quota are repaired in different places."""
    aws.models, aws.error = set(), code
    [check] = await check_models()
    assert (check.name, check.state) == ("model", "problem")
    assert check.detail.startswith(f"{MODEL}: {cause}")
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
        "nova of a, c: no access: DeploymentError: bedrock.converse_stream: AccessDeniedException",
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


async def test_the_fallback_model_is_checked(check_models, aws):
    """It is needed when the other one fails, which is too late to find that it has no access."""
    _, fallback = await check_models(fallback_model_id="eu.fallback")
    assert (fallback.name, fallback.state) == ("fallback model", "problem")
    aws.models.add("eu.fallback")
    _, fallback = await check_models(fallback_model_id="eu.fallback")
    assert fallback == CheckResult("fallback model", "ok", "eu.fallback")
    assert all(stream.closed for stream in aws.streams)


async def run_nothing(content, context):
    """Only the request is tested."""
    return ToolResult()


async def test_each_model_is_asked_as_chat_asks_it(check_models, aws):
    """With the parameters, the tools and the cache point of a visitor's message, whatever the model is."""
    tool = Tool("offer_booking", "Open the form.", {"type": "object"}, run_nothing)
    for model in (*read_catalogue().values(), find_model(MODEL)):
        aws.models.add(model.id)
        await check_models(bedrock_model_id=model.id)
        prompt = Prompt("k" * 20_000, "Today", (Turn("user", "Hi"),), (tool,), None, 800)
        asked, visitor = aws.requests[model.id], build_request(model, prompt)
        assert asked.get("additionalModelRequestFields") == visitor.get("additionalModelRequestFields")
        for part in ("inferenceConfig", "toolConfig"):
            assert asked[part].keys() == visitor[part].keys()
        assert asked["inferenceConfig"].get("temperature") == visitor["inferenceConfig"].get("temperature")
        assert [next(iter(block)) for block in asked["system"]] == [next(iter(each)) for each in visitor["system"]]


async def test_an_end_is_reported_ninety_days_before(check_models, aws):
    """With its page where it could not be confirmed; until then a model is in order."""
    sonnet, haiku = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    aws.models |= {sonnet, haiku}
    for model, end, text in (
        (sonnet, (2026, 11, 30), "ends on 2026-11-30"),
        (haiku, (2027, 4, 1), "may end from 2027-04-01"),
    ):
        day = datetime(*end, 12, tzinfo=UTC)
        [early] = await check_models(bedrock_model_id=model, now=day - timedelta(days=91))
        assert early == CheckResult("model", "ok", model)
        for days in (90, -1):
            [late] = await check_models(bedrock_model_id=model, now=day - timedelta(days=days))
            assert late.state == "warning"
            assert text in late.detail
            assert "not confirmed, see https://" in late.detail
