"""The compose file for LocalStack: what it says without an engine, and that LocalStack starts where there is one."""

import importlib.util
import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.localstack.yml"
SERVICES = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
PAID = ("apigatewayv2", "apigatewaymanagementapi", "sesv2", "cognito-idp", "bedrock-runtime")
_START_SECONDS = 300


def environment(name):
    return SERVICES[name].get("environment", {})


def test_localstack_loads_every_service():
    """With `SERVICES` it refuses those that the variable does not name."""
    assert [name for name in SERVICES if "SERVICES" in environment(name)] == []


def test_the_image_is_the_release_that_the_tests_use():
    """Later ones need an account even for free services, and a tag such as `latest` moves."""
    tested = re.search(r"localstack-core\[runtime\]==(\S+)", (ROOT / "requirements/localstack.in").read_text("utf-8"))
    assert SERVICES["localstack"]["image"] == f"localstack/localstack-pro:{tested[1]}"


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_the_loopback_address_only(name):
    """Emulators accept any credentials."""
    assert all(str(port).startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))
    assert SERVICES[name].get("network_mode", "service:localstack") == "service:localstack"


@pytest.mark.parametrize("service", PAID)
def test_the_file_and_the_page_name_what_needs_a_paid_plan(service):
    """A user learns it before the start fails."""
    comment = "".join(line for line in FILE.read_text(encoding="utf-8").splitlines(keepends=True) if line[0] == "#")
    assert service in comment
    assert f"`{service}`" in (ROOT / "docs" / "emulators.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SERVICES)
def test_every_program_exists(name):
    """A module that was moved would fail only in the container."""
    for module in re.findall(r"python -m ([\w.]+)", " ".join(SERVICES[name].get("command", ())).replace('", "', " ")):
        assert importlib.util.find_spec(module), module


def test_pools_and_pages_start_after_the_deployment():
    """Each waits for what it needs, down to the healthy emulator."""
    needed = {name: each.get("depends_on", {}) for name, each in SERVICES.items()}
    assert all("provision" in needed[name] for name in ("chat", "booking", "notifications", "failures", "site"))
    assert needed["provision"] == {"localstack": {"condition": "service_healthy"}}


def test_localstack_starts_where_there_is_an_engine():
    """The pinned image becomes healthy, and it offers the services of the template."""
    try:
        subprocess.run(["docker", "info"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no Docker engine runs here")
    if not os.environ.get("LOCALSTACK_AUTH_TOKEN"):
        pytest.skip("the image starts only with a LOCALSTACK_AUTH_TOKEN, which is not set")
    compose = ["docker", "compose", "--file", str(FILE), "--project-name", "stride-compose-test"]
    try:
        start = [*compose, "up", "--detach", "--wait", "localstack"]
        subprocess.run(start, check=True, capture_output=True, timeout=_START_SECONDS)
        with urllib.request.urlopen("http://127.0.0.1:4566/_localstack/health", timeout=10) as answer:
            offered = json.load(answer)["services"]
    finally:
        subprocess.run([*compose, "down", "--volumes"], check=False, capture_output=True, timeout=60)
    assert {"apigatewayv2", "sesv2", "sqs", "dynamodb"} <= {
        name for name, state in offered.items() if state != "disabled"
    }
