"""What ingress and authorizer load and open: every further library and client makes a visitor wait at a cold start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.session import get_session

from api_gateway_ws import authorizer_wiring, wiring
from api_gateway_ws.adapters import aws_calls
from api_gateway_ws.adapters.aws_calls import Bucket
from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.clients import Clients
from api_gateway_ws.settings import AuthorizerSettings, read_credentials
from shared.aws.secret_cache import Secrets
from shared.lambda_start import is_running_handler
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).parents[3]
LOADED = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "KNOWLEDGE_BUCKET": "knowledge",
    "SESSION_KEY_SECRET_ID": "session-key",
    "CONVERSATIONS_TABLE": "conversations",
    "CONNECTIONS_TABLE": "connections",
    "PROCESSED_TABLE": "processed",
    "WEBSOCKET_ENDPOINT": "https://api.execute-api.eu-central-1.amazonaws.com/live",
    "CHAT_QUEUE_URL": "chat.fifo",
    "BOOKING_QUEUE_URL": "booking.fifo",
}


def loaded(*modules):
    completed = subprocess.run(
        [sys.executable, "-c", LOADED, *modules],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_SECONDS,
        cwd=ROOT,
    )
    return set(json.loads(completed.stdout))


@pytest.fixture
def environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "HTTP", "http"))]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


AUTHORIZER = ("api_gateway_ws.lambda_function", "api_gateway_ws.authorizer_events", "api_gateway_ws.authorizer_wiring")
INGRESS = ("api_gateway_ws.lambda_function", "api_gateway_ws.ingress_events", "api_gateway_ws.wiring")


@pytest.mark.process
@pytest.mark.parametrize("function", [AUTHORIZER, INGRESS], ids=["authorizer", "ingress"])
def test_no_slow_library_is_loaded(function):
    """`tests/infra/test_lambda_package.py` has the list of those that are. Of botocore only the exceptions are."""
    modules = loaded(*function)
    assert not modules & {"aiobotocore", "boto3", "s3transfer", "yaml", "holidays", "pydantic_settings"}
    of_botocore = {name for name in modules if name.startswith("botocore.") and ".vendored" not in name}
    assert of_botocore == {"botocore.exceptions"}


@pytest.mark.process
def test_the_authorizer_loads_no_messages():
    """Their models take longer to import than everything else that it needs."""
    modules = loaded(*AUTHORIZER)
    assert not [name for name in modules if name.startswith(("shared.messages.", "shared.tenants.profile"))]


@pytest.mark.parametrize(
    ("build", "clients"),
    [(authorizer_wiring.build_authorizer, 3), (wiring.build_ingress, 5)],
    ids=["authorizer", "ingress"],
)
def test_there_is_one_client_for_each_service(environment, build, clients):
    """One connection for each service; opening costs nothing until the first call."""
    opened = []

    class Counted(aws_calls.HttpConnection):
        def __init__(self, url):
            super().__init__(url)
            opened.append(self.host)

    environment.setattr(aws_calls, "HttpConnection", Counted)
    environment.setattr(Secrets, "get_text", lambda *_, **__: "k" * 64)
    build()
    assert len(set(opened)) == len(opened) == clients


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "http://proxy:3128"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_CA_BUNDLE", "/etc/ca.pem"),
        ("AWS_REGION", "cn-north-1"),
    ],
)
def test_where_our_own_calls_do_not_suffice_botocore_makes_them(environment, name, value):
    """A proxy, other endpoints, another partition."""
    clients = Clients(AuthorizerSettings.model_validate({}), FakeClock())
    assert isinstance(clients.open_bucket("knowledge"), Bucket)
    environment.setenv(name, value)
    clients = Clients(AuthorizerSettings.model_validate({}), FakeClock())
    assert type(clients.open("dynamodb")).__module__ == "botocore.client"
    assert not isinstance(clients.open_bucket("knowledge"), Bucket)
    assert clients.open_connections("https://api.example/live").meta.endpoint_url == "https://api.example/live"


def test_our_own_calls_go_to_the_partitions_whose_hosts_they_know(environment):
    """Every region of every partition that botocore knows; its own clients call the others."""
    partitions = get_session().get_component("data_loader").load_data("endpoints")["partitions"]
    regions = {region: each["dnsSuffix"] for each in partitions for region in each["regions"]}
    assert len(regions) > 30
    for region, suffix in regions.items():
        environment.setenv("AWS_REGION", region)
        clients = Clients(AuthorizerSettings.model_validate({}), FakeClock())
        assert (clients._find_region("sqs") is not None) == (suffix == "amazonaws.com"), region


def test_credentials_come_from_the_environment_or_from_botocore(environment):
    """Lambda sets all three; a developer's profile is botocore's business."""
    assert read_credentials().token is None
    environment.setenv("AWS_SESSION_TOKEN", "token")
    assert read_credentials().token == "token"
    environment.delenv("AWS_SECRET_ACCESS_KEY")
    assert read_credentials() is None


def test_each_function_builds_only_itself_in_the_init_phase(environment):
    """Lambda names the handler; outside Lambda nothing is built by an import."""
    assert not is_running_handler("handler")
    environment.setenv("_HANDLER", "api_gateway_ws.lambda_function.authorizer")
    assert (is_running_handler("authorizer"), is_running_handler("handler")) == (True, False)


def test_the_ingress_reads_its_key_when_it_issues_a_token(environment):
    """A `$connect` does not wait for it; the token is the one that the authorizer accepts."""
    read = []
    environment.setattr(Secrets, "get_text", lambda _, secret_id: read.append(secret_id) or "old newest")
    ingress, now = wiring.build_ingress(), FakeClock().now()
    assert read == []
    token = ingress._tokens.issue("salon", "s1", now)
    assert SessionTokens(["newest"]).verify(token, "salon", now).session_id == "s1"
    assert read == ["session-key"]


def test_the_authorizer_reads_its_key_at_its_start(environment):
    """Without it the start has failed, which is logged with its cause and tried again."""
    read = []
    environment.setattr(Secrets, "get_text", lambda _, secret_id: read.append(secret_id) or "key")
    authorizer_wiring.build_authorizer()
    assert read == ["session-key"]
