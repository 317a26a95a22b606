"""The lean call of the management endpoint: what is sent, what is repeated, and which errors come out."""

from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from shared.aws.http_pool import HttpPool
from shared.aws.lean_management_api import LeanManagementApi
from shared.trace import Trace, use_trace
from tests.fakes.clock import FakeClock

CREDENTIALS = ReadOnlyCredentials("AKIDEXAMPLE", "secret", "session-token")
CONNECTION_ID = "L0SM9c/OFv+cCIhw="


class Endpoint:
    """Answers the calls in turn with the given statuses; a None ends the connection without an answer."""

    def __init__(self):
        self.statuses = []
        self.calls = []

    async def answer(self, request):
        self.calls.append((request.raw_path, dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            request.transport.close()
            return web.Response()
        errors = {"x-amzn-ErrorType": "GoneException:http://internal/"} if status == 410 else {}
        return web.Response(status=status, headers=errors)


@pytest.fixture
async def endpoint():
    endpoint, application = Endpoint(), web.Application()
    application.router.add_post("/{path:.*}", endpoint.answer)
    async with TestServer(application) as server:
        url = f"{str(server.make_url('/')).rstrip('/')}/live/"
        async with HttpPool(url) as http:
            endpoint.client = build_client(http, url, CREDENTIALS)
            endpoint.client_without_credentials = build_client(http, url, None)
            yield endpoint


def build_client(http, url, frozen):
    async def get_frozen_credentials():
        return frozen

    credentials = SimpleNamespace(get_frozen_credentials=get_frozen_credentials) if frozen else None
    return LeanManagementApi(
        http, endpoint_url=url, region="eu-central-1", credentials=credentials, clock=FakeClock(), general=None
    )


async def test_a_post_is_signed_as_botocore_signs_it(endpoint):
    """The path has the stage and the encoded id; the signature is botocore's; the trace is no part of it."""
    trace = Trace("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", sampled=True)
    with use_trace(trace):
        await endpoint.client.post_to_connection(ConnectionId=CONNECTION_ID, Data=b"{}")
    ((path, headers, body),) = endpoint.calls
    assert path == "/live/@connections/L0SM9c%2FOFv%2BcCIhw%3D"
    assert body == b"{}"
    assert headers["X-Amzn-Trace-Id"] == trace.header
    signed = {"Content-Type": headers["Content-Type"], "Host": headers["Host"]}
    request = AWSRequest(method="POST", url=f"http://{headers['Host']}{path}", data=body, headers=signed)
    request.context["timestamp"] = headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = headers["X-Amz-Date"]
    request.headers["X-Amz-Security-Token"] = CREDENTIALS.token
    signer = SigV4Auth(CREDENTIALS, "execute-api", "eu-central-1")
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert headers["Authorization"].endswith(f"Signature={signature}")


async def test_what_may_succeed_later_is_tried_twice(endpoint):
    """A failure of the service, throttling and a lost connection are repeated once, anything else is not."""
    for statuses, code, calls in (
        ([500], None, 2),
        ([429], None, 2),
        ([None], None, 2),
        ([503, 503], "503", 2),
        ([410], "GoneException", 1),
        ([403], "403", 1),
    ):
        endpoint.statuses, endpoint.calls = [*statuses], []
        raised = None
        try:
            await endpoint.client.post_to_connection(ConnectionId="tab", Data=b"{}")
        except ClientError as error:
            raised, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert (raised, len(endpoint.calls)) == (code, calls), statuses
        assert raised is None or status == statuses[-1], statuses


async def test_a_connection_that_is_lost_twice_is_an_error_of_the_network(endpoint):
    """No answer is never taken for a frame that has arrived."""
    endpoint.statuses = [None, None]
    with pytest.raises(OSError, match="ended before the answer"):
        await endpoint.client.post_to_connection(ConnectionId="tab", Data=b"{}")


async def test_without_credentials_nothing_is_sent(endpoint):
    """The error is botocore's, which the adapters know."""
    with pytest.raises(NoCredentialsError):
        await endpoint.client_without_credentials.post_to_connection(ConnectionId="tab", Data=b"{}")
    assert not endpoint.calls


async def test_no_path_can_add_a_header(endpoint):
    """What the pool is given as a path is never written with a line break or a space."""
    for path in ("/a b", "/a\r\nX: y", "/a\n"):
        with pytest.raises(ValueError, match="percent-encoded"):
            await endpoint.client._http.post({}, b"", path=path, deadline_seconds=1)
