"""The deployment to look after is found, or a sentence says what to do."""

import json
from pathlib import Path

import pytest

from ops.deployment import Deployment, find_deployment
from ops.settings import send_calls_to_emulator
from shared.errors import ConfigurationError


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "make up"),
        ("{", "can't be read"),
        ("[]", "does not describe a stack"),
        ('{"region": "eu-central-1"}', "does not describe a stack"),
    ],
)
def test_a_file_that_describes_no_stack(tmp_path: Path, content, said):
    """Says how to get one."""
    file = tmp_path / "stack.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        find_deployment(stack_file=file)


def test_a_stack_that_is_gone(tmp_path: Path, monkeypatch):
    """The file of a stack that was killed leads to nobody."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "x")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.setenv(name, "x")
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"aws_endpoint_url": "http://127.0.0.1:9", "region": "eu-central-1"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"can't be reached .* start `make up` anew"):
        find_deployment(stack_file=file)


def test_nothing_of_a_persons_account_reaches_an_emulator():
    """And nothing that is not AWS's is touched."""
    environment = {"AWS_PROFILE": "boss", "AWS_SESSION_TOKEN": "secret", "AWS_CA_BUNDLE": "x", "HOME": "/home/a"}
    send_calls_to_emulator("http://127.0.0.1:4566", "eu-central-1", environment)
    assert "boss" not in environment.values()
    assert "AWS_SESSION_TOKEN" not in environment
    assert (environment["AWS_ENDPOINT_URL"], environment["HOME"]) == ("http://127.0.0.1:4566", "/home/a")


def test_an_older_release_is_named():
    """A stack that lacks an output was deployed before there was one."""
    deployment = Deployment("stride", "eu-central-1", None, {})
    with pytest.raises(ConfigurationError, match="does not say its failures_table: deploy"):
        deployment.named("failures_table")
