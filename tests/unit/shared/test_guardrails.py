"""A guardrail in a profile: as people write it, and as Bedrock wants it."""

from shared.tenants.parse import parse_profile
from tests.unit.shared.test_explained_mistakes import PROFILE

ARN = "arn:aws:bedrock:eu-central-1:123456789012:guardrail/abc123"


def test_a_guardrail_has_an_id_or_arn_and_a_version():
    """A version that YAML reads as a number is one; a profile without a guardrail has none."""
    written = {"3": "3", "'3'": "3", "DRAFT": "DRAFT", "99999999": "99999999"}
    for guardrail_id in ("abc123", ARN):
        for text, version in written.items():
            profile = parse_profile(f"{PROFILE}model:\n  guardrail: {{id: '{guardrail_id}', version: {text}}}\n")
            assert profile.model.guardrail is not None, text
            assert (profile.model.guardrail.id, profile.model.guardrail.version) == (guardrail_id, version), text
    assert parse_profile(PROFILE).model.guardrail is None
