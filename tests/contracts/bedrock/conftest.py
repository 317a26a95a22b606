"""One stand-in for a module's tests, emptied before each."""

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from infra.local.bedrock.server import open_server
from infra.local.bedrock.standin import Pace
from shared.aws.clients import Credentials
from shared.aws.http_stream import HttpStreamPool
from shared.clock import SystemClock
from tests.contracts.bedrock.client import StandInServer
from tests.deadlines import DEADLINE_SECONDS
from workers.chat.adapters.bedrock.lean_converse import LeanConverse


def client_of(url, *, read_timeout):
    return get_session().create_client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=AioConfig(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
    )


@pytest.fixture(scope="module")
async def server():
    async with (
        open_server(Pace(tokens_per_second=0, first_token_ms=0)) as url,
        client_of(url, read_timeout=DEADLINE_SECONDS) as client,
        aiohttp.ClientSession() as http,
    ):
        yield StandInServer(url, client, http)


@pytest.fixture
async def bedrock(server):
    await server.control("POST", "reset")
    return server


@pytest.fixture
async def short_timeout(bedrock):
    """Return the same stand-in with a client whose read timeout is one second."""
    async with client_of(bedrock.url, read_timeout=1) as client:
        yield StandInServer(bedrock.url, client, bedrock.http)


@pytest.fixture
async def lean(bedrock):
    """Return the lean client of the same stand-in."""
    credentials = Credentials("test", "test").to_signing_credentials()
    async with HttpStreamPool(bedrock.url) as http:
        yield LeanConverse(http, region="eu-central-1", credentials=credentials, clock=SystemClock())


@pytest.fixture(params=["aiobotocore", "lean"])
def either(request, bedrock):
    """Return the stand-in with each client that chat's adapter may have."""
    client = request.getfixturevalue("lean") if request.param == "lean" else bedrock.client
    return StandInServer(bedrock.url, client, bedrock.http)
