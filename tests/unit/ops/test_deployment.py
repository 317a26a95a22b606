"""The deployment to look after is found, or a sentence says what to do."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

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


@pytest.fixture
def somebody(monkeypatch):
    """Have credentials, whatever this machine has."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "x")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.setenv(name, "x")


@pytest.fixture
def refusing():
    """Return the address of a CloudFormation that refuses every call with the code that the fixture's list holds."""
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
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", codes
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ValidationError", "there is no stack"),
        ("ExpiredToken", "sign in anew"),
        ("InvalidClientTokenId", "sign in anew"),
        ("AccessDenied", "allow cloudformation:DescribeStacks"),
    ],
)
@pytest.mark.usefixtures("somebody")
def test_a_refusal_says_what_to_do(tmp_path: Path, refusing, code, said):
    """By the code of AWS, whatever its message says."""
    address, codes = refusing
    codes.append(code)
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"aws_endpoint_url": address, "region": "eu-central-1"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        find_deployment(stack_file=file)


@pytest.mark.usefixtures("somebody")
def test_a_stack_that_is_gone(tmp_path: Path):
    """The file of a stack that was killed leads to nobody."""
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
