"""The deployed template with its pools, once for all end-to-end tests."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from infra.local.stack import Options, Stack, local_stack
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visitor, visiting

LEASE_SECONDS = 4
"""Short, so that the work of a killed worker is taken over soon."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run everything for the session."""
    options = Options(
        folder=tmp_path_factory.mktemp("stack"),
        site=False,
        bedrock_arguments=("--tokens-per-second", "200", "--first-token-ms", "50"),
        pool_environment={"POOL_LEASE_SECONDS": str(LEASE_SECONDS)},
    )
    with local_stack(options) as running:
        yield running


@pytest.fixture(scope="session")
def backstage(stack: Stack) -> Backstage:
    """Look behind the scenes: tables, calendar, mails."""
    return Backstage(stack)


class Visit:
    """Opens connections to the stack as the page of the business does."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Visitor]:
        """Return the connection, to be used in an `async with`."""
        options.setdefault("origin", self._stack.site_url)
        tenant = options.pop("tenant", self._stack.options.tenant)
        return visiting(self._stack.websocket_url, tenant, **options)


@pytest.fixture(scope="session")
def visit(stack: Stack) -> Visit:
    """Return what opens connections."""
    return Visit(stack)
