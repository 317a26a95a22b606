"""A service is called at its own endpoint variable, at the general one, or on AWS, in this order."""

import threading
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from api_gateway_ws.clients import Clients
from api_gateway_ws.settings import EdgeSettings
from shared.aws.clients import AwsClients
from shared.aws.secrets import open_secrets
from shared.clock import SystemClock
from shared.endpoints import find_endpoint_url
from shared.settings import AwsSettings

GENERAL = "http://127.0.0.1:9"
OWN = "http://127.0.0.1:10"
SERVICES = ("dynamodb", "sqs", "s3", "secretsmanager", "sesv2", "sns", "scheduler", "cloudwatch", "bedrock-runtime")
NAMES = dict.fromkeys(("conversations_table", "connections_table", "processed_table", "websocket_endpoint"), "x")


class Answer(BaseHTTPRequestHandler):
    """Answers each call as Secrets Manager and SQS do, and records where it went."""

    def do_POST(self):
        self.server.calls.append(self.headers["X-Amz-Target"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"SecretString": "text", "MessageId": "1"}')

    def do_GET(self):
        self.server.calls.append(self.path)
        self._answer(b"content")

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        running.calls = []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.parametrize("service", SERVICES)
def test_the_variable_of_a_service_is_the_one_that_botocore_reads(service, monkeypatch):
    """Our own calls, and clients that are given an endpoint, follow the same variable as all others."""
    service_id = boto3.client(service, region_name="eu-central-1").meta.service_model.service_id
    variable = f"AWS_ENDPOINT_URL_{service_id.upper().replace(' ', '_')}"
    monkeypatch.setenv(variable, OWN)
    assert boto3.client(service, region_name="eu-central-1").meta.endpoint_url == OWN
    assert find_endpoint_url(service, general=GENERAL, environment={variable: OWN}) == OWN


def test_without_a_variable_of_its_own_a_service_has_the_general_endpoint():
    """An empty variable counts as none, and without any endpoint the service is on AWS."""
    environment = {"AWS_ENDPOINT_URL_SQS": ""}
    assert find_endpoint_url("sqs", general=GENERAL, environment=environment) == GENERAL
    assert find_endpoint_url("sqs", general=None, environment=environment) is None


async def test_a_worker_calls_a_service_at_its_own_endpoint(monkeypatch, server):
    """Queues and secrets at one address, and all else at the general one."""
    own = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", own)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", own)
    settings = AwsSettings(aws_endpoint_url=GENERAL, knowledge_bucket="knowledge", **NAMES)
    async with AsyncExitStack() as stack:
        clients = AwsClients(stack, settings)
        opened = [(await clients.open_client(name)).meta.endpoint_url for name in ("sqs", "dynamodb")]
    assert opened == [own, GENERAL]
    assert open_secrets(settings, clock=SystemClock()).get_text("key") == "text"
    assert server.calls == ["secretsmanager.GetSecretValue"]


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"], ids=["own calls", "botocore"])
def test_the_edge_calls_a_service_at_its_own_endpoint(proxy, monkeypatch, server):
    """Both kinds of calls follow the variables of queues, secrets and bucket; tables stay at the general endpoint."""
    for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for name in ("SQS", "SECRETS_MANAGER", "S3"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", f"http://127.0.0.1:{server.server_port}")
    edge = Clients(
        EdgeSettings(aws_endpoint_url=GENERAL, knowledge_bucket="knowledge", session_key_secret_id="key"), SystemClock()
    )
    edge.open("sqs").send_message(QueueUrl="queue", MessageBody="body")
    edge.open("secretsmanager").get_secret_value(SecretId="key")
    edge.open_bucket("knowledge").get_object(Key="profile.json")
    assert server.calls == ["AmazonSQS.SendMessage", "secretsmanager.GetSecretValue", "/knowledge/profile.json"]
    with pytest.raises((OSError, EndpointConnectionError)):
        edge.open("dynamodb").get_item(TableName="x", Key={})
