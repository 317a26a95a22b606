"""The edge's own calls: retries, connections that have died, and errors under botocore's names."""

import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError

from api_gateway_ws.adapters import aws_calls, http_connection
from api_gateway_ws.adapters.aws_calls import Bucket, Connections, DynamoDb, Region, SecretsManager, Sqs
from api_gateway_ws.adapters.http_connection import RetryPolicy, limit_calls_of_event
from shared.aws.errors import translate_aws_errors
from shared.aws.signer import StaticCredentials
from shared.errors import DeploymentError, PermanentError, TransientError
from tests.fakes.clock import FakeClock


class Server:
    """Answers with the scripted responses in turn, and keeps the requests."""

    def __init__(self, *responses):
        self.responses = list(responses)
        self.requests = []
        self.connections = set()
        self.closed = False

    @contextmanager
    def run(self):
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and content in one packet: a second one would wait for a late acknowledgement

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.requests.append((self.command, self.path, self.headers, body))
                script.connections.add(self.client_address)
                response = script.responses.pop(0)
                if response is None:
                    self.close_connection = True
                    return
                status, content, headers = response
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = headers.get("Then") == "close"

            do_GET = do_POST = answer  # noqa: N815 - the names of the base class

            def log_message(self, *_):
                pass

        class ScriptedServer(ThreadingHTTPServer):
            def shutdown_request(self, request):
                super().shutdown_request(request)
                script.closed = True

        server = ScriptedServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Region(
                "eu-central-1", StaticCredentials("key", "secret", "token"), f"http://127.0.0.1:{server.server_port}"
            )
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def answer(status=200, content=b"{}", **headers):
    return status, content, {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Do not wait between attempts; return how long it would have been."""
    waited = []
    monkeypatch.setattr(http_connection, "sleep", waited.append)
    return waited


@pytest.fixture(autouse=True)
def _close_connections(monkeypatch):
    """Close the connections, which in Lambda live as long as the process."""
    opened = []

    class Tracked(http_connection.HttpConnection):
        def __init__(self, url):
            super().__init__(url)
            opened.append(self)

    monkeypatch.setattr(aws_calls, "HttpConnection", Tracked)
    yield
    for connection in opened:
        connection.close()


def wait_until_disconnected(server):
    """Wait until the client's end of the only connection can see that the service has closed it."""
    for _ in range(1000):
        if server.closed:
            return
        time.sleep(0.001)
    raise AssertionError


def limit_calls_of_event_of(monkeypatch, *, seconds):
    """Return the limit for an event that may take so long."""
    monkeypatch.setattr(http_connection, "EVENT_SECONDS", seconds)
    return limit_calls_of_event()


def call(region, client=DynamoDb):
    opened = client(region, FakeClock())
    return opened, lambda: opened.get_item(TableName="t", Key={"k": {"S": "ż"}})


def test_the_parameters_are_the_body_of_a_signed_request():
    """Target, type and session token are what the service expects."""
    server = Server(answer(content=b'{"Item": {"frame": {"S": "x"}}}'))
    with server.run() as region:
        assert call(region)[1]() == {"Item": {"frame": {"S": "x"}}}
    [(method, path, headers, body)] = server.requests
    assert (method, path, json.loads(body)) == ("POST", "/", {"TableName": "t", "Key": {"k": {"S": "ż"}}})
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"
    assert headers["X-Amz-Security-Token"] == "token"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")


def test_a_connection_is_kept_and_replaced_when_it_has_died(waits):
    """Between two events Lambda freezes the process, and the service closes what is idle."""
    server = Server(answer(), None, answer(), answer())
    with server.run() as region:
        _, get = call(region)
        assert [get(), get(), get()] == [{}, {}, {}]
    assert len(server.requests) == 4
    assert len(waits) == 1


def test_a_connection_that_the_service_has_ended_is_replaced_at_once(waits):
    """It costs neither an attempt nor a wait."""
    server = Server(answer(Then="close"), answer())
    with server.run() as region:
        _, get = call(region)
        get()
        wait_until_disconnected(server)
        get()
    assert (len(server.requests), len(server.connections), waits) == (2, 2, [])


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch):
    """While Lambda has frozen the process, nothing tells it that the service or the network has dropped it."""
    server = Server(answer(), answer(), answer())
    with server.run() as region:
        _, get = call(region)
        assert [get(), get(), len(server.connections)] == [{}, {}, 1]
        now = time.time() + http_connection.MAX_IDLE_SECONDS + 1
        monkeypatch.setattr(http_connection, "time", lambda: now)
        get()
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    "retry_policy",
    [RetryPolicy(http_connection.MIN_ATTEMPT_SECONDS - 0.1, attempts=3), RetryPolicy(7, attempts=1)],
    ids=["no time", "no second attempt"],
)
def test_a_call_is_not_repeated_more_often_than_allowed(retry_policy):
    """Lambda would end the function meanwhile; and what counts something must not be sent twice."""
    server = Server(answer(500), answer())
    with server.run() as region, pytest.raises(TransientError), translate_aws_errors("test"):
        DynamoDb(region, FakeClock()).with_retry_policy(retry_policy).get_item(TableName="t", Key={})
    assert len(server.requests) == 1


def test_an_event_whose_time_is_up_makes_no_call(monkeypatch):
    """Its answer is due; the next event has its own time."""
    server = Server(answer())
    with server.run() as region:
        _, get_item = call(region)
        with monkeypatch.context() as patched, limit_calls_of_event_of(patched, seconds=0):
            with pytest.raises(TransientError), translate_aws_errors("test"):
                get_item()
            assert server.requests == []
        with limit_calls_of_event():
            get_item()
    assert len(server.requests) == 1


def test_a_call_ends_with_the_time_of_its_event(monkeypatch, waits):
    """There is no other attempt, although the call itself could take longer."""
    server = Server(answer(500), answer())
    with server.run() as region, monkeypatch.context() as patched:
        seconds = http_connection.MIN_ATTEMPT_SECONDS + 0.05
        monkeypatch.setattr(http_connection, "compute_backoff_seconds", lambda *_, **__: 0.1)
        with (
            limit_calls_of_event_of(patched, seconds=seconds),
            pytest.raises(TransientError),
            translate_aws_errors("test"),
        ):
            call(region)[1]()
    assert (len(server.requests), waits) == (1, [])


def test_a_condition_that_failed_returns_the_item():
    """As botocore's client does, if the call has asked for it."""
    content = (
        b'{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": {"a": {"N": "1"}}}'
    )
    with Server(answer(400, content=content)).run() as region, pytest.raises(ClientError) as raised:
        call(region)[1]()
    assert raised.value.response["Item"] == {"a": {"N": "1"}}


def test_an_answer_that_is_too_long_is_not_read_to_its_end(monkeypatch):
    """Anybody who may write to the bucket could fill the memory of all functions."""
    monkeypatch.setattr(http_connection, "MAX_BODY_BYTES", 10)
    server = Server(answer(content=b"x" * 10), answer(content=b"x" * 11), answer(content=b"fine"))
    with server.run() as region:
        bucket = Bucket(region, FakeClock(), bucket="knowledge")
        assert bucket.get_object(Key="a")["Body"].read() == b"x" * 10
        with pytest.raises(TransientError), translate_aws_errors("test"):
            bucket.get_object(Key="a")
        assert bucket.get_object(Key="a")["Body"].read() == b"fine"
    assert len(server.requests) == 3


def test_an_answer_that_breaks_off_is_no_answer():
    """The connection ends before the announced length."""
    server = Server(answer(content=b"half", Content_Length="8", Then="close"), answer(content=b"complete"))
    with server.run() as region:
        bucket = Bucket(region, FakeClock(), bucket="knowledge")
        assert bucket.get_object(Key="a")["Body"].read() == b"complete"
    assert len(server.requests) == 2


def test_what_a_client_may_name_is_no_reason_for_another_attempt(waits):
    """S3 repeats the key of an object that does not exist, which begins with a name that the client has chosen."""
    missing = b"<Error><Code>NoSuchKey</Code><Key>throttle-SlowDown/profile.json</Key></Error>"
    server = Server(answer(404, missing))
    with server.run() as region, pytest.raises(ClientError):
        Bucket(region, FakeClock(), bucket="knowledge").get_object(Key="throttle-SlowDown/profile.json")
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize(
    "failure",
    [
        answer(400, b"<Error><Code>RequestTimeout</Code></Error>"),
        answer(503, b"<Error><Code>SlowDown</Code></Error>"),
    ],
)
def test_s3_is_asked_again_when_it_was_too_slow_or_too_busy(failure):
    """Its codes are in XML."""
    server = Server(failure, answer(content=b"text"))
    with server.run() as region:
        assert Bucket(region, FakeClock(), bucket="knowledge").get_object(Key="a")["Body"].read() == b"text"


@pytest.mark.parametrize(
    "failure",
    [
        answer(500),
        answer(503, b"no JSON"),
        answer(429),
        answer(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}'),
        answer(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'),
        None,
    ],
)
def test_what_may_succeed_the_next_time_is_tried_three_times(waits, failure):
    """Then the error is one that the adapters translate to a transient one."""
    server = Server(failure, failure, answer())
    with server.run() as region:
        assert call(region)[1]() == {}
    assert len(waits) == 2
    server = Server(failure, failure, failure)
    with server.run() as region, pytest.raises(TransientError), translate_aws_errors("test"):
        call(region)[1]()
    assert server.responses == []


@pytest.mark.parametrize(
    ("response", "error", "reason"),
    [
        (answer(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ValidationException"}'), PermanentError, "aws_Val"),
        (answer(400, b'{"__type": "AccessDeniedException"}'), DeploymentError, "aws_AccessDenied"),
        (answer(403, b""), PermanentError, "aws_403"),
        (
            answer(
                400, b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist"}', x_amzn_query_error="A.NonExistentQueue;S"
            ),
            PermanentError,
            "aws_A.NonExistentQueue",
        ),
    ],
)
def test_a_refusal_has_the_code_that_botocore_would_give_it(response, error, reason):
    """And is not repeated."""
    server = Server(response)
    with server.run() as region, pytest.raises(error) as raised, translate_aws_errors("test"):
        call(region)[1]()
    assert raised.value.reason.startswith(reason)


def test_an_answer_that_is_none_of_the_service_is_transient():
    """A proxy may send anything."""
    server = Server(answer(content=b"<html>"))
    with server.run() as region, pytest.raises(TransientError), translate_aws_errors("test"):
        call(region)[1]()


def test_the_other_services_have_their_own_names():
    """SQS and Secrets Manager speak the same protocol."""
    server = Server(answer(), answer(content=b'{"SecretString": "s"}'))
    with server.run() as region:
        Sqs(region, FakeClock()).send_message(QueueUrl="u", MessageBody="b")
        assert SecretsManager(region, FakeClock()).get_secret_value(SecretId="id") == {"SecretString": "s"}
    targets = [(headers["X-Amz-Target"], headers["Content-Type"]) for _, _, headers, _ in server.requests]
    assert targets == [
        ("AmazonSQS.SendMessage", "application/x-amz-json-1.0"),
        ("secretsmanager.GetSecretValue", "application/x-amz-json-1.1"),
    ]


def test_an_object_is_read_if_it_has_changed():
    """The codes are those of S3: 304 for an unchanged object, NoSuchKey for one that does not exist."""
    missing = b"<Error><Code>NoSuchKey</Code><Key>a</Key></Error>"
    server = Server(answer(content=b"text", ETag='"e"'), answer(304, b""), answer(404, missing))
    with server.run() as region:
        bucket = Bucket(region, FakeClock(), bucket="knowledge")
        found = bucket.get_object(Key="salon ania/profile.json")
        assert (found["Body"].read(), found["ETag"]) == (b"text", '"e"')
        for code in ("304", "NoSuchKey"):
            with pytest.raises(ClientError) as raised:
                bucket.get_object(Key="a", IfNoneMatch='"e"')
            assert raised.value.response["Error"]["Code"] == code
    assert server.requests[0][1] == "/knowledge/salon%20ania/profile.json"
    assert server.requests[1][2]["If-None-Match"] == '"e"'


def test_a_frame_is_posted_to_its_connection():
    """The id is encoded in the path; a connection that is gone is status 410."""
    server = Server(answer(), answer(410, b"", x_amzn_errortype="GoneException:http://x"))
    with server.run() as region:
        connections = Connections(region, FakeClock(), endpoint_url=f"{region.endpoint_url}/live")
        connections.post_to_connection(ConnectionId="L0SM=", Data="ż".encode())
        with pytest.raises(ClientError) as raised:
            connections.post_to_connection(ConnectionId="L0SM=", Data=b"")
    assert server.requests[0][1] == "/live/@connections/L0SM%3D"
    assert server.requests[0][3].decode() == "ż"
    assert raised.value.response["Error"]["Code"] == "GoneException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_services_on_aws_have_regional_endpoints():
    """A bucket is part of its host."""
    region = Region("eu-central-1", StaticCredentials("key", "secret"))
    assert region.build_url("dynamodb") == "https://dynamodb.eu-central-1.amazonaws.com"
    bucket = Bucket(region, FakeClock(datetime(2026, 1, 1, tzinfo=UTC)), bucket="knowledge")
    assert bucket._http.host == "knowledge.s3.eu-central-1.amazonaws.com"
    with_dots = Bucket(region, FakeClock(), bucket="salons.example")
    assert (with_dots._http.host, with_dots._http.base_path) == ("s3.eu-central-1.amazonaws.com", "/salons.example")


def test_hosts_are_verified_with_the_certificates_of_botocore():
    """Those with which boto3 verifies them, wherever the operating system has its own."""
    context = http_connection.build_tls_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) > 50
