"""Health checks of the guardrails."""

import asyncio

import pytest

from ops.deployment import Deployment
from ops.health import guardrails
from ops.health.checks import CheckResult, run_checks
from ops.health.model_question import build_question
from shared.language_models.catalogue import find_model
from shared.tenants.guardrails import Guardrail
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.health.values import FakeEvents, client_error, make_profile
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt

MODEL, OTHER = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
GUARDRAIL = {"id": "abc123", "version": "3"}


class FakeBedrock:
    """The client of Bedrock Runtime, with errors by guardrail and by model."""

    def __init__(self):
        self.requests, self.errors, self.broken_models = [], {}, {}

    async def open_client(self, _service):
        return self

    async def converse_stream(self, **request):
        config = request.get("guardrailConfig")
        self.requests.append((request["modelId"], config and config["guardrailIdentifier"]))
        code = self.broken_models.get(request["modelId"]) or (
            config and self.errors.get((config["guardrailIdentifier"], config["guardrailVersion"]))
        )
        if code:
            raise client_error(code, "ConverseStream")
        return {"stream": FakeEvents()}


@pytest.fixture
def aws():
    return FakeBedrock()


@pytest.fixture
def check_guardrails(aws):
    """Return a function that checks the guardrails of these businesses."""

    async def check_guardrails(tenants, **variables):
        async def open_tenants():
            return FakeTenants(tenants)

        deployment = Deployment("s", "r", variables.pop("endpoint_url", None), {"bedrock_model_id": MODEL} | variables)
        return await run_checks(
            guardrails.list_guardrail_checks(deployment, aws.open_client, open_tenants=open_tenants)
        )

    return check_guardrails


def guarded(model_id=None, **changes):
    return make_profile(model={"id": model_id, "guardrail": GUARDRAIL | changes})


@pytest.mark.parametrize(
    ("code", "cause", "advice"),
    [
        ("ValidationException", "unknown id or version", "list-guardrails"),
        ("ResourceNotFoundException", "unknown id or version", "list-guardrails"),
        ("AccessDeniedException", "no permission", "GuardrailArns"),
        ("ThrottlingException", "TransientError", "try again"),
    ],
)
async def test_the_advice_follows_the_error_of_bedrock(check_guardrails, aws, code, cause, advice):
    """A wrong id and a missing permission are repaired in different places; the other guardrail is still checked."""
    aws.errors["abc123", "3"] = code
    broken, fine = await check_guardrails(
        {"a": guarded(), "b": guarded(version="4"), "c": make_profile(), "d": guarded()}
    )
    assert (broken.name, broken.state) == ("guardrail", "problem")
    assert broken.detail.startswith("abc123 version 3 of a, d: ")
    assert (cause in broken.detail, code in broken.detail) == (True, True)
    assert advice in broken.advice
    assert fine == CheckResult("guardrail", "ok", "abc123 version 4 of b")


async def test_a_model_that_does_not_answer_says_nothing_about_its_guardrail(check_guardrails, aws):
    """Both are refused with the same codes."""
    aws.broken_models[MODEL] = "AccessDeniedException"
    [check] = await check_guardrails({"a": guarded()})
    assert (check.state, check.detail) == (
        "problem",
        f"abc123 version 3 of a: not checked, because {MODEL} does not answer",
    )
    assert aws.requests == [(MODEL, "abc123"), (MODEL, None)]


async def test_each_pair_is_asked_once_with_the_model_that_answers_the_business(check_guardrails, aws):
    """The default one, where its own is not allowed; without a guardrail, or a model, nothing is asked."""
    await check_guardrails({"a": guarded(OTHER), "b": guarded(), "c": guarded(OTHER)}, allowed_model_ids=f"{OTHER},x")
    assert sorted(aws.requests) == sorted([(OTHER, "abc123"), (MODEL, "abc123")])
    aws.requests.clear()
    await check_guardrails({"a": guarded(OTHER), "b": guarded()}, allowed_model_ids="x")
    assert aws.requests == [(MODEL, "abc123")]
    assert await check_guardrails({"a": make_profile()}) == []
    assert await check_guardrails({"a": guarded()}, endpoint_url="http://127.0.0.1:4566") == []
    assert len(aws.requests) == 1


async def test_a_guardrail_that_hangs_is_named(check_guardrails, aws, monkeypatch):
    """Within the deadline of a check."""
    monkeypatch.setattr(guardrails, "_SECONDS", 0.01)

    async def hang(**_request):
        await asyncio.sleep(60)

    aws.converse_stream = hang
    [check] = await check_guardrails({"a": guarded()})
    assert check.detail == "abc123 version 3 of a: no answer in 0.01 s"


def test_a_guardrail_is_asked_as_chat_asks_it():
    """The same fields, and the message in the block that it checks."""
    guardrail, model = Guardrail(**GUARDRAIL), find_model(MODEL)
    prompt = Prompt("k", "", (Turn("user", "Hi"),), (), None, 800, guardrail=guardrail)
    asked, visitor = build_question(model, guardrail), build_request(model, prompt)
    assert asked["guardrailConfig"] == visitor["guardrailConfig"]
    assert asked["messages"] == visitor["messages"]
