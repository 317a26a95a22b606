"""The models that the chat worker may invoke, and the regions in which a profile can be called."""

import re
from fnmatch import fnmatchcase

import pytest

from shared.language_models.catalogue import read_catalogue
from shared.language_models.values import Geography
from tests.infra.conditions import Deployment
from tests.infra.resources import TEMPLATE
from tests.infra.template import as_list

HAIKU, SONNET, NOVA = (
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-lite-v1:0",
)
STREAM = "bedrock:InvokeModelWithResponseStream"
ACCOUNT = "arn:aws:bedrock:eu-central-1:123456789012"
EUROPE = (
    *("eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("eu-west-1", "eu-west-2", "eu-west-3"),
)
AMERICA = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1")
"""The source regions of the `eu` and the `us` profile in AWS's model card of Claude Haiku 4.5."""

UNLISTED = ("il-central-1", "af-south-1", "me-central-1", "eu-new-1")
"""Not source regions when the card was read. AWS adds some, so Bedrock is asked before a deployment."""


def statements(**parameters):
    [policy] = Deployment(TEMPLATE, **parameters).properties("ChatRole")["Policies"]
    return [each for each in policy["PolicyDocument"]["Statement"] if STREAM in as_list(each["Action"])]


def may_invoke(resource, profile=None, **parameters):
    """Return whether the role may invoke a resource; `profile` is the ARN through which a model is called.

    A statement that denies wins over all that allow, as in IAM.
    """
    effects = {
        each["Effect"]
        for each in statements(**parameters)
        if any(fnmatchcase(resource, pattern) for pattern in as_list(each["Resource"]))
        and is_met(each.get("Condition"), profile)
    }
    return effects == {"Allow"}


def is_met(condition, profile):
    if condition is None:
        return True
    [(operator, keys)] = condition.items()
    assert operator in {"StringEquals", "StringLike"}
    [(key, patterns)] = keys.items()
    assert key == "bedrock:InferenceProfileArn"
    return profile is not None and any(fnmatchcase(profile, pattern) for pattern in as_list(patterns))


def test_models_are_only_streamed():
    """Chat streams every answer. `stride doctor` does not, but has the permissions of its operator."""
    [policy] = Deployment(TEMPLATE, AllowedModelIds=SONNET).properties("ChatRole")["Policies"]
    actions = {one for each in policy["PolicyDocument"]["Statement"] for one in as_list(each["Action"])}
    assert {one for one in actions if one.startswith("bedrock:")} == {STREAM}


@pytest.mark.parametrize("region", EUROPE)
def test_the_model_is_allowed_in_every_region_of_its_profile(region):
    """The profile may route a call to any of its regions; without one of them some calls would fail."""
    profile = f"{ACCOUNT}:inference-profile/{HAIKU}"
    model = f"arn:aws:bedrock:{region}::foundation-model/{HAIKU.removeprefix('eu.')}"
    assert may_invoke(profile)
    assert may_invoke(model, profile)
    assert may_invoke(model) is (region == "eu-central-1")


def test_no_other_model_is_allowed_without_being_listed():
    """Neither directly nor through another profile: a model may cost fifty times as much."""
    profile = f"{ACCOUNT}:inference-profile/{SONNET}"
    model = f"arn:aws:bedrock:eu-west-1::foundation-model/{SONNET.removeprefix('eu.')}"
    assert not may_invoke(profile)
    assert not may_invoke(model)
    assert not may_invoke(model, profile)


def test_the_listed_models_are_allowed():
    """A profile with its models in each region, and a model that is called by its own id."""
    allowed = {"AllowedModelIds": f"{SONNET},{NOVA}"}
    profile = f"{ACCOUNT}:inference-profile/{SONNET}"
    model = f"arn:aws:bedrock:eu-west-1::foundation-model/{SONNET.removeprefix('eu.')}"
    assert may_invoke(profile, **allowed)
    assert may_invoke(model, profile, **allowed)
    assert not may_invoke(model, **allowed)
    assert may_invoke(f"arn:aws:bedrock:eu-central-1::foundation-model/{NOVA}", **allowed)
    assert may_invoke(f"{ACCOUNT}:inference-profile/{HAIKU}", **allowed)
    variables = Deployment(TEMPLATE, **allowed).properties("ChatFunction")["Environment"]["Variables"]
    assert variables["ALLOWED_MODEL_IDS"] == f"{HAIKU},{SONNET},{NOVA}"


def test_the_fallback_model_is_allowed():
    """As the model itself: through its profile in each region, and by its own id in this one; without a list, too."""
    fallback = {"FallbackModelId": SONNET}
    profile = f"{ACCOUNT}:inference-profile/{SONNET}"
    model = f"arn:aws:bedrock:eu-west-1::foundation-model/{SONNET.removeprefix('eu.')}"
    assert may_invoke(profile, **fallback)
    assert may_invoke(model, profile, **fallback)
    assert not may_invoke(model, **fallback)
    assert may_invoke(f"arn:aws:bedrock:eu-central-1::foundation-model/{NOVA}", FallbackModelId=NOVA)
    variables = Deployment(TEMPLATE, **fallback).properties("ChatFunction")["Environment"]["Variables"]
    assert (variables["FALLBACK_MODEL_ID"], variables["ALLOWED_MODEL_IDS"]) == (SONNET, HAIKU)


def test_the_role_may_invoke_every_model_of_the_catalogue_in_all_of_its_regions():
    """Whether it is the model, the fallback or one that a profile names: a region that is missing fails some calls."""
    for model in read_catalogue().values():
        if model.geography not in {Geography.EU, Geography.GLOBAL}:
            continue
        profile = f"{ACCOUNT}:inference-profile/{model.id}"
        for name in ("BedrockModelId", "FallbackModelId", "AllowedModelIds"):
            assert may_invoke(profile, **{name: model.id})
            for region in model.regions or ("us-east-1", "ap-southeast-2"):
                resource = f"arn:aws:bedrock:{region}::foundation-model/{model.foundation_model}"
                assert may_invoke(resource, profile, **{name: model.id}), (model.id, region)


def test_only_the_named_guardrails_may_be_applied():
    """None without the parameter; with it, these and no others of the account."""
    arns = [f"{ACCOUNT}:guardrail/{name}" for name in ("abc123", "def456")]

    def list_statements(**parameters):
        [policy] = Deployment(TEMPLATE, **parameters).properties("ChatRole")["Policies"]
        return [one for one in policy["PolicyDocument"]["Statement"] if "bedrock:ApplyGuardrail" in one["Action"]]

    assert list_statements() == []
    [statement] = list_statements(GuardrailArns=",".join(arns))
    assert (statement["Action"], statement["Resource"]) == ("bedrock:ApplyGuardrail", arns)
    pattern = re.compile(TEMPLATE["Parameters"]["GuardrailArns"]["AllowedPattern"])
    assert pattern.fullmatch("")
    assert pattern.fullmatch(",".join(arns))
    assert not pattern.fullmatch(f"{ACCOUNT}:guardrail/*")
    assert not pattern.fullmatch("*")


def test_the_default_model_is_the_profile_of_the_eu():
    """Data of visitors stays in the EU."""
    assert TEMPLATE["Parameters"]["BedrockModelId"]["Default"] == HAIKU


@pytest.mark.parametrize(
    ("region", "model", "accepted"),
    [
        *((region, model, True) for region in (*EUROPE, *UNLISTED) for model in (HAIKU, SONNET)),
        *((region, model, False) for region in (*AMERICA, "ap-southeast-1") for model in (HAIKU, SONNET)),
        *((region, HAIKU.replace("eu.", "us."), True) for region in (*AMERICA, *UNLISTED)),
        *((region, HAIKU.replace("eu.", "us."), False) for region in (*EUROPE, "ap-southeast-1")),
        ("ap-southeast-1", HAIKU.replace("eu.", "global."), True),
        ("us-east-1", NOVA, True),
    ],
)
def test_a_region_of_another_continent_is_refused(region, model, accepted):
    """Before anything is created; otherwise every answer would fail with `The provided model identifier is invalid`.

    No region that the profile serves, or may serve one day, is refused.
    """
    refusals = Deployment(TEMPLATE, **{"AWS::Region": region, "BedrockModelId": model}).broken_rules()
    assert (refusals == []) is accepted
    assert all("set BedrockModelId to" in text for text in refusals)
