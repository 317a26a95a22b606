"""The shapes of AWS's events, and the shapes that AWS wants back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import pytest
import structlog

from api_gateway_ws import lambda_function
from api_gateway_ws.adapters import http_connection
from api_gateway_ws.authorizer_events import authorize_event
from api_gateway_ws.ingress_events import serve_event
from shared.errors import ConfigurationError, TransientError
from shared.lambda_start import Start, StartError, read_trace_header
from shared.trace import Trace
from tests.fakes.log_lines import add_fields

CHECKOUT = Path(__file__).parents[3]
ARN = "arn:aws:execute-api:eu-central-1:123456789012:api/live/$connect"
VOUCHED = {"tenant": "salon-ania", "session_id": "session", "resume": "ok", "locale": "pl"}


def event(kind="MESSAGE", **fields):
    connect_request = {
        "routeKey": {"CONNECT": "$connect", "DISCONNECT": "$disconnect"}.get(kind, "$default"),
        "eventType": kind,
        "connectionId": "connection",
        "identity": {"sourceIp": "192.0.2.7"},
        "authorizer": VOUCHED | {"principalId": "session"},
        "apiId": "api",
        "stage": "live",
    }
    return {"requestContext": connect_request, "isBase64Encoded": False} | fields


def connect_request(headers=None, query=None):
    return {"type": "REQUEST", "methodArn": ARN, "headers": headers, "queryStringParameters": query}


PAGE = {"tenant": "salon-ania"}
CHAT = json.dumps({"v": 1, "type": "chat.send", "id": "a1", "data": {"text": "Hello"}})
ROOT = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"


async def test_connect_and_disconnect_answer_with_a_bare_status(world):
    """The connection's row comes and goes with them."""
    assert serve_event(event("CONNECT"), world.ingress) == {"statusCode": 200}
    assert [one.connection_id for one in await world.connections.list_connections("session")] == ["connection"]
    assert serve_event(event("DISCONNECT"), world.ingress) == {"statusCode": 200}
    assert await world.connections.list_connections("session") == []


def test_an_answer_is_the_body_of_the_response(world):
    """API Gateway sends it down the socket; who spoke comes from the authorizer's context alone."""
    body = json.dumps({"v": 1, "type": "chat.send", "id": "a1", "data": {"text": "Hello"}, "tenant": "other"})

    answer = serve_event(event(body=body), world.ingress)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["type"] == "ack"
    [command] = world.queue.commands
    assert (command.tenant, command.session_id, command.connection_id) == ("salon-ania", "session", "connection")
    assert (command.locale, command.source_ip) == ("pl", "192.0.2.7")


def test_a_command_carries_the_trace_that_lambda_gave(world):
    """The trace that began with the invocation continues in the worker."""
    serve_event(event(body=CHAT), world.ingress, trace_header=HEADER)

    [command] = world.queue.commands
    assert command.trace == HEADER


@pytest.mark.parametrize(
    "header", [None, "", "trace", "Root=1-2-3", "Root=1-5759E988-BD862E3FE1BE46A994272793", HEADER * 9]
)
def test_a_command_without_a_usable_trace_begins_one(world, header):
    """Nothing that is no trace gets onto the queue, where it would have the message refused."""
    serve_event(event(body=CHAT), world.ingress, trace_header=header)

    [command] = world.queue.commands
    begun = Trace.parse(command.trace)
    assert begun is not None
    assert begun.root.split("-")[1] == f"{int(world.clock.now().timestamp()):08x}"


@pytest.mark.parametrize("kind", ["CONNECT", "MESSAGE", "DISCONNECT"])
def test_every_line_names_the_trace(world, kind):
    """A worker's lines about the command have the same id."""
    with structlog.testing.capture_logs(processors=[add_fields]) as lines:
        serve_event(event(kind, body=CHAT), world.ingress, trace_header=HEADER)

    assert {line["trace_id"] for line in lines} == {ROOT}


def test_the_trace_is_read_for_each_invocation(monkeypatch):
    """Lambda changes the variable while the environment lives on."""
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    assert read_trace_header() is None
    for header in (HEADER, "another"):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        assert read_trace_header() == header


def test_the_calls_of_an_event_end_before_its_function(world, monkeypatch):
    """For frames, for connections, and in the authorizer."""
    limits = []

    def note_limit(*_, **__):
        limits.append(http_connection._event_ends_at.get() - monotonic())
        raise TransientError("out of time")

    for name in ("answer_frame", "register_connection", "remove_connection"):
        monkeypatch.setattr(world.ingress, name, note_limit)
    for kind in ("MESSAGE", "CONNECT", "DISCONNECT"):
        with pytest.raises(TransientError):
            serve_event(event(kind), world.ingress)
    authorize_event(connect_request(), SimpleNamespace(authorize=note_limit))
    assert len(limits) == 4
    assert max(limits) <= http_connection.EVENT_SECONDS


def test_a_frame_without_an_answer_has_no_body(world):
    """An empty body would reach the client as an empty frame."""
    assert serve_event(event(body='{"v":1,"type":"hello"}'), world.ingress) == {"statusCode": 200}


@pytest.mark.parametrize("fields", [{}, {"body": None}, {"body": ""}])
def test_an_empty_frame_is_a_bad_frame(world, fields):
    """AWS leaves the body out or sends null."""
    answer = json.loads(serve_event(event(**fields), world.ingress)["body"])

    assert answer["data"]["code"] == "BAD_FRAME"


def test_what_is_bound_to_the_log_is_let_go_even_after_a_failure(world):
    """The next event of this environment is another visitor's."""
    world.sessions.error = TransientError("throttled")

    with pytest.raises(TransientError):
        serve_event(event("CONNECT"), world.ingress)

    with structlog.testing.capture_logs(processors=[add_fields]) as later:
        structlog.get_logger().info("later")
    assert "tenant" not in later[0]


@pytest.mark.parametrize("name", ["origin", "Origin", "ORIGIN"])
def test_a_header_counts_however_it_is_spelt(world, name):
    """HTTP's names have no case, and proxies change it."""
    policy = authorize_event(connect_request({name: "https://salon.example", "Host": "api"}, PAGE), world.authorizer)

    assert policy["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}
    ]
    assert policy["context"]["tenant"] == "salon-ania"
    assert policy["context"]["resume"] == "new"
    assert policy["principalId"] == policy["context"]["session_id"]
    assert all(isinstance(value, str) for value in policy["context"].values())


def test_what_the_authorizer_vouches_for_is_what_later_events_bring(world):
    """A token resumes its session through both halves, in the language that the page asked for."""
    token = world.tokens.issue("salon-ania", "session", world.clock.now())
    query = PAGE | {"session": token, "locale": "en"}

    context = authorize_event(connect_request({"origin": "https://salon.example"}, query), world.authorizer)["context"]

    assert context == {"tenant": "salon-ania", "session_id": "session", "resume": "ok", "locale": "en"}
    routed = event(body='{"v":1,"type":"hello","id":"h1"}')
    routed["requestContext"]["authorizer"] = context
    serve_event(routed, world.ingress)
    assert world.poster.frames("connection")[0]["data"]["resume"] == "ok"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (None, None),
        ({}, {}),
        ({}, PAGE),
        ({"origin": "https://evil.example"}, PAGE),
        ({"origin": "https://salon.example"}, None),
        ({"origin": "https://salon.example"}, {"tenant": None}),
        ({"origin": "https://salon.example"}, PAGE | {"session": "forged"}),
        ({"origin": "https://salon.example"}, PAGE | {"session": "\ud800"}),
        ({"origin": None}, PAGE),
    ],
)
def test_a_stranger_gets_a_deny_policy_and_nothing_else(world, headers, query):
    """A policy, not an exception: AWS would answer 500, and the widget would try for ever."""
    policy = authorize_event(connect_request(headers, query), world.authorizer)

    assert [one["Effect"] for one in policy["policyDocument"]["Statement"]] == ["Deny"]
    assert (policy["principalId"], policy["context"]) == ("nobody", {})


def test_a_start_that_failed_is_logged_once_and_repeats_no_setting(monkeypatch, capsys):
    """The authorizer denies, the ingress raises: Lambda logs what it raises, so that has no text of a library."""

    def fail():
        raise ValueError("a value of the environment")

    for name in ("_ingress", "_authorizer"):
        monkeypatch.setattr(lambda_function, name, Start(fail, component=name))

    with pytest.raises(StartError) as raised:
        lambda_function.handler(event(), None)
    policy = lambda_function.authorizer(connect_request({"origin": "https://salon.example"}, PAGE), None)

    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert (str(raised.value), raised.value.__suppress_context__) == ("", True)
    logged = capsys.readouterr().out
    assert [json.loads(line)["event"] for line in logged.splitlines()] == ["start_failed", "start_failed"]
    assert "a value of the" not in logged.replace('raise ValueError(\\"a value of the environment\\")', "")


@pytest.mark.parametrize("error", [TransientError("throttled"), KeyError("a bug"), ConfigurationError("no bucket")])
def test_the_authorizer_never_raises(world, monkeypatch, error):
    """An error of the profiles, a bug, and a failed cold start all deny the connection."""
    world.profiles.error = error
    request = connect_request({"origin": "https://salon.example"}, PAGE)

    def cold_start():
        raise error

    monkeypatch.setattr(lambda_function, "_authorizer", Start(cold_start, component="authorizer"))
    for policy in (authorize_event(request, world.authorizer), lambda_function.authorizer(request, None)):
        assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
        assert (policy["principalId"], policy["context"]) == ("nobody", {})


@pytest.mark.process
@pytest.mark.parametrize("name", ["handler", "authorizer"])
def test_a_library_that_can_not_be_imported_is_a_failed_start(name):
    """An exception in the init phase would end the process without a line of ours in the log."""
    program = (
        "import sys\n"
        "sys.modules['structlog'] = None\n"  # its import fails
        "from api_gateway_ws import lambda_function\n"
        "print('alive')"
    )
    environment = os.environ | {"_HANDLER": f"api_gateway_ws.lambda_function.{name}"}
    completed = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    logged, alive = completed.stdout.splitlines()
    assert alive == "alive"
    assert json.loads(logged)["error"].startswith("ModuleNotFoundError: import of structlog halted")
