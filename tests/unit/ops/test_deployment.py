"""The deployment is found, or an error says what to do."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from ops.deployment import Deployment, find_deployment
from ops.settings import send_calls_to_emulator
from shared.errors import ConfigurationError

SSO_PROFILES = """
[profile expired]
sso_session = studio
sso_account_id = 111122223333
sso_role_name = AdministratorAccess

[profile broken]
credential_process = false

[sso-session studio]
sso_start_url = https://studio.awsapps.com/start
sso_region = eu-central-1
"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "make up"),
        ("{", "can't be read"),
        ("[]", "does not describe a stack"),
        ('{"region": "eu-central-1"}', "does not describe a stack"),
    ],
)
def test_an_invalid_description_file(tmp_path: Path, content, message):
    """The error says how to create one."""
    file = tmp_path / "stack.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        find_deployment(stack_file=file)


@pytest.fixture
def credentials(monkeypatch):
    """Set credentials, whatever this machine has."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "x")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.setenv(name, "x")


@pytest.fixture
def failing_cloudformation():
    """Return the address of a CloudFormation that answers every call with the error code in the fixture's list."""
    codes: list[str] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = f"<ErrorResponse><Error><Code>{codes[0]}</Code><Message>no</Message></Error></ErrorResponse>"
            self.send_response(400)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    with HTTPServer(("127.0.0.1", 0), Refuse) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", codes
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationError", "there is no stack"),
        ("ExpiredToken", "sign in again"),
        ("InvalidClientTokenId", "sign in again"),
        ("AccessDenied", "allow cloudformation:DescribeStacks"),
    ],
)
@pytest.mark.usefixtures("credentials")
def test_an_error_of_cloudformation_says_what_to_do(tmp_path: Path, failing_cloudformation, code, message):
    """The advice depends on the error code, not on the message."""
    address, codes = failing_cloudformation
    codes.append(code)
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"aws_endpoint_url": address, "region": "eu-central-1"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        find_deployment(stack_file=file)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("unknown", r"The config profile \(unknown\) could not be found: correct AWS_PROFILE"),
        ("expired", r"does not exist\. Sign in again, such as `aws sso login`"),
        ("broken", r"custom-process.* Sign in again"),
    ],
)
def test_a_profile_that_cannot_be_used_says_what_to_do(tmp_path: Path, monkeypatch, profile, message):
    """A session of IAM Identity Center ends within hours: the network and the region are not the cause."""
    file = tmp_path / "config"
    file.write_text(SSO_PROFILES, encoding="utf-8")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, path in {
        "AWS_CONFIG_FILE": file,
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "none",
        "HOME": tmp_path,
    }.items():
        monkeypatch.setenv(name, str(path))
    # It keeps the files that it has read.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(ConfigurationError, match=message):
        find_deployment(stack="stride")


@pytest.mark.usefixtures("credentials")
def test_a_stopped_stack(tmp_path: Path, monkeypatch):
    """The description file of a killed stack leads to no server."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))  # between its attempts
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"aws_endpoint_url": "http://127.0.0.1:9", "region": "eu-central-1"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"can't be reached .* run `make up` again"):
        find_deployment(stack_file=file)


def test_calls_to_an_emulator_have_no_real_credentials():
    """Variables that do not belong to AWS stay unchanged."""
    environment = {"AWS_PROFILE": "boss", "AWS_SESSION_TOKEN": "secret", "AWS_CA_BUNDLE": "x", "HOME": "/home/a"}
    send_calls_to_emulator("http://127.0.0.1:4566", "eu-central-1", environment)
    assert "boss" not in environment.values()
    assert "AWS_SESSION_TOKEN" not in environment
    assert (environment["AWS_ENDPOINT_URL"], environment["HOME"]) == ("http://127.0.0.1:4566", "/home/a")


def test_a_missing_output_is_named():
    """A stack without an output was deployed by an older release."""
    deployment = Deployment("stride", "eu-central-1", None, {})
    with pytest.raises(ConfigurationError, match="has no output or parameter failures_table: deploy"):
        deployment.require_variable("failures_table")
