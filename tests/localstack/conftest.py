"""The two emulators and the system on them; without LocalStack's environment the tests are skipped, except in CI."""

import os
from collections.abc import Iterator

import pytest

from infra.local.folder import ROOT, lock_folder
from infra.local.interrupts import Interrupts
from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visit
from tests.localstack.process import PYTHON
from tests.localstack.stack import SplitTarget, open_emulators, start_split_stack


@pytest.fixture(scope="session")
def emulators() -> Iterator[tuple]:
    """Run both emulators; they also end when this process is told to stop, or at the next run if it was killed."""
    if not PYTHON.exists():
        reason = f"there is no {PYTHON}: `make test-localstack` creates it, and says what it needs"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    interrupts = Interrupts()
    with (
        interrupts.catch_signals(),
        lock_folder(ROOT / "localstack") as folder,
        open_emulators(folder.path, interrupts) as (children, target),
    ):
        yield children, target, folder.path


@pytest.fixture(scope="session")
def target(emulators) -> SplitTarget:
    """Return the clients of both emulators."""
    return emulators[1]


@pytest.fixture(scope="session")
def split_stack(emulators) -> Stack:
    """Run the system on both emulators."""
    return start_split_stack(*emulators)


@pytest.fixture(scope="session")
def backstage(split_stack) -> Backstage:
    """Return access to the tables, calendar and e-mails."""
    return Backstage(split_stack)


@pytest.fixture(scope="session")
def visit(split_stack) -> Visit:
    """Return the factory of visitors' connections."""
    return Visit(split_stack.websocket_url, split_stack.options.tenant, split_stack.site_url)
