"""Posting to sockets: what each poster makes of the answers of API Gateway's management API."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import boto3
import pytest
from botocore.config import Config

from api_gateway_ws.adapters.poster import ManagementApiPoster
from shared.aws.lean_management_api import open_management_api
from shared.aws.websocket import ApiGatewayPoster
from shared.clock import SystemClock
from shared.errors import PermanentError, TransientError
from tests.fakes.connections import FakePoster

TEXT = '{"v":1,"type":"typing","data":{"text":"Cześć"}}'


class Gateway(BaseHTTPRequestHandler):
    """Answers with the status that the connection's name ends in, and keeps what it was sent."""

    received: list[tuple[str, str]]

    def do_POST(self):
        connection_id = unquote(self.path.rpartition("/")[2])
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = connection_id.rpartition("-")[2]
        if status == "hangup":
            self.close_connection = True
            return
        if status == "200":
            self.received.append((connection_id, body))
        self.send_response(int(status))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self):
        connection_id = unquote(self.path.rpartition("/")[2])
        self.received.append((connection_id, "closed"))
        self.send_response(int(connection_id.rpartition("-")[2]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def gateway():
    handler = type("Handler", (Gateway,), {"received": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
async def workers_client(gateway, clients):
    return await clients.open_client("apigatewaymanagementapi", endpoint_url=gateway[0], attempts=1)


@pytest.fixture(scope="module")
async def workers_lean_client(gateway, clients):
    return await open_management_api(clients, f"{gateway[0]}/live/", clock=SystemClock(), transport="lean")


@pytest.fixture(params=["memory", "worker", "lean worker", "ingress"])
def poster(request):
    """Return how to post, where it arrives, and which kind it is."""
    if request.param == "memory":
        fake = FakePoster()
        fake.gone.add("tab-410")
        return fake.post, fake.posted, request.param
    request.getfixturevalue("emulator")  # for its credentials
    address, received = request.getfixturevalue("gateway")
    if request.param == "worker":
        return ApiGatewayPoster(request.getfixturevalue("workers_client")).post, received, request.param
    if request.param == "lean worker":
        return ApiGatewayPoster(request.getfixturevalue("workers_lean_client")).post, received, request.param
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client("apigatewaymanagementapi", "eu-central-1", endpoint_url=address, config=config)
    blocking = ManagementApiPoster(client)
    return lambda *arguments: asyncio.to_thread(blocking.post, *arguments), received, request.param


async def test_a_frame_arrives_as_it_was_posted(poster):
    """The text reaches its connection byte by byte; ids with an equals sign are fine."""
    post, received, _ = poster
    assert await post("L0SM9cOFvHcCIhw=-200", TEXT)
    assert received[-1] == ("L0SM9cOFvHcCIhw=-200", TEXT)


async def test_a_connection_that_ended_is_gone(poster):
    """Status 410 is the answer False, not an exception."""
    post, _, _ = poster
    assert await post("tab-410", TEXT) is False


@pytest.mark.parametrize("error", ["429", "500", "403", "hangup"])
async def test_other_errors_do_not_make_it_gone(poster, error):
    """To a worker the connection still counts, because the frame is stored; the ingress has to say that it failed."""
    post, _, kind = poster
    if kind == "ingress":
        with pytest.raises((TransientError, PermanentError)):
            await post(f"tab-{error}", TEXT)
    else:
        assert await post(f"tab-{error}" if kind != "memory" else "tab", TEXT)


@pytest.mark.parametrize("status", ["204", "410", "500", "403"])
@pytest.mark.parametrize("client", ["workers_client", "workers_lean_client"])
async def test_the_worker_ends_a_connection(request, emulator, gateway, client, status):
    """One that is gone is closed; any other error is logged, because its client was told to go."""
    assert emulator  # for its credentials
    await ApiGatewayPoster(request.getfixturevalue(client)).close(f"L0SM9c=-{status}")
    assert gateway[1][-1] == (f"L0SM9c=-{status}", "closed")
