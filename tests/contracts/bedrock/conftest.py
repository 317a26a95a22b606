"""One stand-in for a module's tests, emptied before each."""

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from infra.local.bedrock.server import serving
from infra.local.bedrock.standin import Pace
from tests.contracts.bedrock.client import Neighbour


@pytest.fixture(scope="module")
async def server():
    options = {
        "region_name": "eu-central-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": AioConfig(retries={"total_max_attempts": 1}, read_timeout=0.6, connect_timeout=1),
    }
    async with (
        serving(Pace(tokens_per_second=0, first_token_ms=0)) as url,
        get_session().create_client("bedrock-runtime", endpoint_url=url, **options) as client,
        aiohttp.ClientSession() as http,
    ):
        yield Neighbour(url, client, http)


@pytest.fixture
async def bedrock(server):
    await server.control("POST", "reset")
    return server
