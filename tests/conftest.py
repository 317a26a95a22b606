"""The deployed template with its pools and page, once for all tests that take the whole path."""

import os
from collections.abc import Iterator

import pytest

from infra.local.stack import Options, Stack, local_stack
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visit

LEASE_SECONDS = 3
"""Short, so that the work of a killed worker is taken over soon."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run everything for the session."""
    options = Options(
        folder=tmp_path_factory.mktemp("stack"),
        # An emulator of one's own may be given; without one the embedded one is started.
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
        bedrock_arguments=("--tokens-per-second", "200", "--first-token-ms", "50"),
        pool_environment={"POOL_LEASE_SECONDS": str(LEASE_SECONDS)},
    )
    with local_stack(options) as running:
        yield running


@pytest.fixture(scope="session")
def backstage(stack: Stack) -> Backstage:
    """Look behind the scenes: tables, calendar, mails."""
    return Backstage(stack)


@pytest.fixture(scope="session")
def visit(stack: Stack) -> Visit:
    """Return what opens connections."""
    found = stack.describe()
    return Visit(found["websocket_url"], found["tenant"], found["site_url"])
