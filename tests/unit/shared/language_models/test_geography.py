"""Whether a deployment's models keep what visitors write in one part of the world."""

import pytest

from shared.errors import ConfigurationError
from shared.language_models.geography import check_geographies, read_geography
from shared.language_models.values import Geography

EU, US = "eu.anthropic.claude-haiku-5-5", "us.anthropic.claude-haiku-5-5"
GLOBAL, REGION = "global.anthropic.claude-haiku-5-5", "amazon.nova-lite-v1:0"
ARN = "arn:aws:bedrock:eu-central-1:123456789012:"


@pytest.mark.parametrize(
    ("model_id", "geography"),
    [
        (EU, Geography.EU),
        (US, Geography.US),
        (GLOBAL, Geography.GLOBAL),
        (REGION, Geography.REGION),
        ("jp.anthropic.claude-haiku-5-5", Geography.OTHER),
        ("us-gov.anthropic.claude-haiku-5-5", Geography.OTHER),
        (f"{ARN}inference-profile/{EU}", Geography.EU),
        (f"{ARN}application-inference-profile/a1b2c3", Geography.OTHER),
        (f"arn:aws:bedrock:eu-central-1::foundation-model/{REGION}", Geography.REGION),
        ("", Geography.OTHER),
        ("eu.", Geography.REGION),
        ("claude", Geography.OTHER),
    ],
)
def test_the_geography_is_that_of_the_id(model_id, geography):
    """An application profile does not say where it routes a request."""
    assert read_geography(model_id) is geography


@pytest.mark.parametrize(
    ("models", "kept"),
    [
        ([], True),
        ([EU], True),
        ([GLOBAL], True),
        ([EU, "eu.amazon.nova-lite-v1:0", REGION], True),
        ([EU, US], False),
        ([EU, GLOBAL], False),
        ([REGION, GLOBAL], False),
        ([EU, "jp.anthropic.claude-haiku-5-5"], False),
        (["au.anthropic.claude-haiku-5-5", "jp.anthropic.claude-haiku-5-5"], False),
        ([EU, f"{ARN}application-inference-profile/a1b2c3"], False),
        ([f"{ARN}application-inference-profile/{name}" for name in ("a1b2c3", "d4e5f6")], False),
        ([f"{ARN}application-inference-profile/a1b2c3"] * 2, True),
    ],
)
def test_models_of_several_geographies_are_refused(models, kept):
    """A second model must not carry data out of the geography of the first without the deployer's word."""
    check_geographies(models, may_leave=True)
    if kept:
        check_geographies(models, may_leave=False)
        return
    with pytest.raises(ConfigurationError, match="ModelsMayLeaveGeography=true") as refusal:
        check_geographies(models, may_leave=False)
    assert all(model in str(refusal.value) for model in models)
