"""The lean client of Converse beside aiobotocore's: the same request, events and errors."""

import json
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError, EventStreamError, NoCredentialsError

from infra.local.bedrock.event_stream import CONTENT_TYPE, encode_event, encode_message
from shared.aws.clients import Credentials, open_aws_clients
from shared.aws.http_stream import HttpStreamPool
from shared.errors import PermanentError, TransientError
from shared.settings import AwsSettings
from shared.trace import Trace, use_trace
from tests.contracts.bedrock.client import HAIKU, messages
from tests.contracts.bedrock.conftest import client_of
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock
from workers.chat.adapters.bedrock.errors import translate_bedrock_errors
from workers.chat.adapters.bedrock.lean_converse import LeanConverse, open_converse

PROFILE_ARN = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc~1"
REQUEST = {
    "system": [{"text": "Du bist nett. Ż \ud83d\ude00 \ud83d"}, {"cachePoint": {"type": "default"}}],
    "messages": messages("Hi", "Hello", "and \ud83d?"),
    "inferenceConfig": {"maxTokens": 10, "temperature": 0.2},
    "toolConfig": {"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}}}]},
    "additionalModelRequestFields": {"thinking": {"type": "disabled"}},
}
CREDENTIALS = ReadOnlyCredentials("AKIDEXAMPLE", "secret", "session-token")
NEEDS = {
    "conversations_table": "c",
    "connections_table": "c",
    "processed_table": "p",
    "knowledge_bucket": "k",
    "websocket_endpoint": "http://127.0.0.1",
}


class Rotating:
    """Credentials as an `AioCredentials` gives them out."""

    def __init__(self, *found):
        self._found = list(found)

    async def get_frozen_credentials(self):
        found = self._found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


class Endpoint:
    """Answers calls with a script of status, headers and body, and keeps what it was asked."""

    def __init__(self):
        self.answer = 200, {"Content-Type": CONTENT_TYPE}, b""
        self.calls = []

    async def serve(self, request):
        self.calls.append((request.raw_path, dict(request.headers), await request.read()))
        status, headers, body = self.answer
        return web.Response(status=status, headers=headers, body=body)


@pytest.fixture
async def endpoint():
    endpoint, application = Endpoint(), web.Application()
    application.router.add_post("/{path:.*}", endpoint.serve)
    async with TestServer(application) as server:
        endpoint.url = str(server.make_url("")).rstrip("/")
        async with (
            HttpStreamPool(endpoint.url) as http,
            client_of(endpoint.url, read_timeout=DEADLINE_SECONDS) as other,
        ):
            endpoint.botocore = other
            endpoint.build = lambda *found: LeanConverse(
                http, region="eu-central-1", credentials=Rotating(*found) if found else None, clock=FakeClock()
            )
            yield endpoint


async def read(client, **request):
    """Return the events of a call, and the error that it ended with: in the stream or before, code, status and wait."""
    events = []
    try:
        answer = await client.converse_stream(**{"modelId": HAIKU, "messages": messages("Hi"), **request})
        try:
            async for event in answer["stream"]:
                events += [event]
        finally:
            answer["stream"].close()
    except ClientError as error:
        response = error.response
        metadata = response.get("ResponseMetadata", {})
        retry_after = metadata.get("HTTPHeaders", {}).get("retry-after")
        is_in_stream = isinstance(error, EventStreamError)
        return events, (is_in_stream, response["Error"]["Code"], metadata.get("HTTPStatusCode"), retry_after)
    return events, None


async def test_a_request_is_botocores(endpoint):
    """Method, path, content and signature; the trace is no part of the signature."""
    lean = endpoint.build(CREDENTIALS, CREDENTIALS)
    trace = Trace("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", sampled=True)
    for model_id in (HAIKU, PROFILE_ARN):
        endpoint.calls.clear()
        with use_trace(trace):
            await read(lean, modelId=model_id, **REQUEST)
        await read(endpoint.botocore, modelId=model_id, **REQUEST)
        (path, headers, body), (expected_path, expected_headers, expected_body) = endpoint.calls
        assert (path, json.loads(body)) == (expected_path, json.loads(expected_body))
        assert headers["Content-Type"] == expected_headers["Content-Type"]
        assert headers["X-Amzn-Trace-Id"] == trace.header
        assert headers["Authorization"].endswith(f"Signature={sign(path, headers, body)}")
        scope = "/eu-central-1/bedrock/aws4_request"
        assert scope in headers["Authorization"]
        assert scope in expected_headers["Authorization"]


def sign(path, headers, body):
    signed = {"Content-Type": headers["Content-Type"], "Host": headers["Host"]}
    request = AWSRequest(method="POST", url=f"http://{headers['Host']}{path}", data=body, headers=signed)
    request.context["timestamp"] = headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    request.headers["X-Amz-Security-Token"] = CREDENTIALS.token
    signer = SigV4Auth(CREDENTIALS, "bedrock", "eu-central-1")
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


async def test_both_clients_read_the_same_answers(bedrock, lean):
    """Words, tools and usage, of each answer of the stand-in."""
    tool = {"name": "offer_booking", "input": {"service": "massage"}}
    for reply in ({"text": "Grüße 😀 " * 5}, {"text": "One.", "tool": tool}, {"tool": tool}):
        found = []
        for client in (bedrock.client, lean):
            await bedrock.control("POST", "script", {"replies": [reply]})
            events, error = await read(client)
            found.append(join_words([{kind: drop_changing(body) for kind, body in event.items()} for event in events]))
            assert error is None
        assert found[0] == found[1]


def join_words(events):
    """Return the events with words that follow each other joined: the lean client joins those that came together."""
    joined = []
    for event in events:
        text = event.get("contentBlockDelta", {}).get("delta", {}).get("text")
        if text is not None and joined and isinstance(joined[-1], str):
            joined[-1] += text
        else:
            joined.append(event if text is None else text)
    return joined


def drop_changing(body):
    """Leave out what differs from call to call, and what botocore does not know."""
    start = body.get("start", {}).get("toolUse")
    if start:
        return {**body, "start": {"toolUse": {**start, "toolUseId": ""}}}
    return {name: value for name, value in body.items() if name not in {"metrics", "p"}}


JSON = {"Content-Type": "application/json"}
EVENTS = {"Content-Type": CONTENT_TYPE}
ANSWERS = {
    "code in the header": (429, {**JSON, "x-amzn-ErrorType": "ThrottlingException:http://x/"}, b'{"message":"m"}'),
    "code in the body": (400, JSON, b'{"__type":"com.amazon#ValidationException","message":"m"}'),
    "another name": (400, JSON, b'{"code":"ValidationException"}'),
    "a wait": (429, {**JSON, "Retry-After": "7", "x-amzn-ErrorType": "ThrottlingException"}, b"{}"),
    "an exception": (
        200,
        EVENTS,
        encode_event("messageStart", {"role": "assistant"})
        + encode_message({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"m"}'),
    ),
    "an error": (200, EVENTS, encode_message({":message-type": "error", ":error-code": "internalFailure"}, b"")),
    "nothing": (200, EVENTS, b""),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_both_clients_raise_the_same_errors(endpoint, name):
    """Type, code, status, and the wait that was asked for."""
    endpoint.answer = ANSWERS[name]
    lean, expected = await read(endpoint.build(CREDENTIALS)), await read(endpoint.botocore)
    assert lean == expected


@pytest.mark.parametrize(
    "answer",
    [
        (502, {"Content-Type": "text/html"}, b"<html>"),
        (200, {"Content-Type": "text/html"}, b"<html>no stream</html>"),
        (200, EVENTS, encode_event("messageStart", {"role": "assistant"})[:-1]),
        (200, EVENTS, encode_message({":message-type": "event", ":event-type": "messageStart"}, b"[1]")),
        (200, EVENTS, encode_message({":message-type": "event", ":event-type": "messageStart"}, b"{" * 100_000)),
        (200, EVENTS, encode_message({":event-type": "messageStart"}, b"{}")),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
    ],
)
async def test_what_nobody_understands_may_succeed_later(endpoint, answer):
    """A gateway in between, or a damaged event: another call may be answered."""
    endpoint.answer = answer
    with pytest.raises(TransientError), translate_bedrock_errors("bedrock.stream"):
        await read_events(endpoint.build(CREDENTIALS))


async def read_events(client):
    answer = await client.converse_stream(modelId=HAIKU, messages=messages("Hi"))
    return [event async for event in answer["stream"]]


async def test_words_that_come_together_are_one_event(endpoint):
    """As long as they are of one block; whatever follows them, an error too, comes after them."""
    events = [encode_words(0, "One "), encode_words(0, "two "), encode_words(1, "three"), encode_words(1, " four")]
    broken = encode_message({":message-type": "exception", ":exception-type": "throttlingException"}, b"{}")
    stop = encode_event("messageStop", {"stopReason": "end_turn"})
    endpoint.answer = 200, EVENTS, b"".join([*events, stop, encode_words(0, "late"), broken])
    found, error = await read(endpoint.build(CREDENTIALS))
    assert found == [
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "One two "}}},
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "three four"}}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "late"}}},
    ]
    assert error[:2] == (True, "throttlingException")


def encode_words(block, text):
    return encode_event("contentBlockDelta", {"contentBlockIndex": block, "delta": {"text": text}})


async def test_halves_of_a_character_are_read(endpoint):
    """The words of two events may have one half each, as JSON allows it."""
    headers = {":message-type": "event", ":event-type": "contentBlockDelta"}
    halves = [encode_message(headers, b'{"delta":{"text":"%b"}}' % half) for half in (b"\\ud83d", b"\\ude00")]
    endpoint.answer = 200, EVENTS, b"".join(halves)
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in await read_events(endpoint.build(CREDENTIALS))]
    assert "".join(texts) == "\ud83d\ude00"


async def test_credentials_are_those_of_the_moment(endpoint):
    """A role's keys change while the pool runs; without any, nothing is sent, and another call may have some."""
    lean = endpoint.build(CREDENTIALS, ReadOnlyCredentials("NEW", "t", None))
    await read(lean)
    await read(lean)
    assert ["Credential=NEW/" in headers["Authorization"] for _, headers, _ in endpoint.calls] == [False, True]
    missing = CredentialRetrievalError(provider="container-role", error_msg="unreachable"), RuntimeError("expired")
    for client in (endpoint.build(), *map(endpoint.build, missing)):
        with pytest.raises(TransientError), translate_bedrock_errors("bedrock.stream"):
            await read(client)
    with pytest.raises(NoCredentialsError):
        await read(endpoint.build())
    assert len(endpoint.calls) == 2


AWS = "https://bedrock-runtime.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("transport", "url", "environment", "is_lean"),
    [
        ("lean", AWS, {}, True),
        ("aiobotocore", AWS, {}, False),
        ("lean", AWS, {"AWS_BEARER_TOKEN_BEDROCK": "key"}, False),
        ("lean", AWS, {"https_proxy": "http://127.0.0.1:1"}, False),
        ("lean", "https://127.0.0.1:1/path", {}, False),
    ],
)
async def test_what_the_lean_client_lacks_is_left_to_botocore(monkeypatch, transport, url, environment, is_lean):
    """A proxy, an address with a path, an API key instead of a signature; and whatever a deployer prefers."""
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = SimpleNamespace(meta=SimpleNamespace(endpoint_url=url, region_name="eu-central-1"))
    async with open_aws_clients(AwsSettings(**NEEDS)) as clients:
        opened = await open_converse(
            clients, client, credentials=Credentials("a", "b"), clock=FakeClock(), transport=transport
        )
    assert isinstance(opened, LeanConverse) == is_lean
    assert is_lean or opened is client


async def test_the_host_is_botocores(monkeypatch):
    """Also that of a region of its own kind, with cryptography that the United States require, or with IPv6."""
    for name in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for region, variable in (
        ("us-gov-west-1", None),
        ("us-east-1", "AWS_USE_FIPS_ENDPOINT"),
        ("eu-central-1", "AWS_USE_DUALSTACK_ENDPOINT"),
    ):
        with monkeypatch.context() as environment:
            if variable:
                environment.setenv(variable, "true")
            async with open_aws_clients(AwsSettings(**NEEDS)) as clients:
                client = await clients.open_client("bedrock-runtime", region=region, credentials=Credentials("a", "b"))
                assert await find_called_url(client) == f"{client.meta.endpoint_url}/model/m/converse-stream"


async def find_called_url(client):
    """Return the address of a call, which is not made."""
    called = []

    def note(request, **_):
        called.append(request.url)
        raise ConnectionAbortedError

    client.meta.events.register("before-send", note)
    with pytest.raises(ConnectionAbortedError):
        await client.converse_stream(modelId="m", messages=messages("Hi"))
    return called[0]


async def test_a_refused_call_is_permanent_where_it_is(lean, bedrock):
    """As with botocore: what is wrong with the request stays wrong."""
    await bedrock.control("POST", "faults", {"kind": "error", "code": "AccessDeniedException"})
    with pytest.raises(PermanentError) as refused, translate_bedrock_errors("bedrock.converse_stream"):
        await read_events(lean)
    assert refused.value.reason == "aws_AccessDeniedException"
