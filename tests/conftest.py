"""Fixtures for tests of several kinds, with the scope of the session: the whole stack, or the AWS emulator alone."""

import functools
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import structlog
from botocore.config import Config
from hypothesis import HealthCheck, settings

from infra.catalogues.compiling import compile_parts
from infra.catalogues.parts import list_parts
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment, build_emulator_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.local.stack import Options, Stack, open_local_stack
from shared.aws.clients import AwsClients
from shared.aws.lean_dynamodb import open_dynamodb
from shared.clock import SystemClock
from shared.settings import AwsSettings
from tests.contracts.stores.template import create_tables
from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visit
from tests.iam.plugin import IamPlugin
from tests.iam.record import RunRecord
from tests.selection import DESK_STACK, STACK, fixture_names, is_fast, process_group

# No test fails because the machine is slow.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", UNHURRIED, max_examples=60)
settings.register_profile("thorough", UNHURRIED, max_examples=1000)
settings.load_profile("short")

MAX_ID_LENGTH = 100

LEASE_SECONDS = 3
"""Short, so that another worker soon takes over the messages of a killed worker."""

_RUNNING_STACK = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Compile the catalogues that have changed, before tests are collected by language; pause the garbage collector."""
    gc.disable()
    # A test has to notice by itself that a statement was left out (tests/iam/test_removals.py).
    config.pluginmanager.register(IamPlugin(RunRecord(), fails_denied="IAM_WITHOUT" not in os.environ), "iam")
    if not hasattr(config, "workerinput"):  # xdist's processes start after this
        compile_parts(list_parts())


def pytest_collection_finish() -> None:
    """Let the garbage collector run again, but seldom, and past what was collected: it took half of that time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--seed` for a randomised test, and others for single tests."""
    parser.addoption("--seed", type=int, default=None, help="seed of the random numbers in soak tests")
    parser.addoption("--at-once", type=int, default=50, help="how many answers fail at once in the soak test of them")
    parser.addoption("--write-calls", action="store_true", help="write infra/cost/calls.json instead of comparing")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the xdist groups and mark the fast tests; the tests on a stack run first: they take longest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(process_group(item)))
        if is_fast(item):
            item.add_marker(pytest.mark.fast)
    items.sort(key=lambda item: process_group(item) not in {STACK, DESK_STACK})


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten the part of a test's name that a long value makes: reports show it, and each process sends it."""
    if not isinstance(val, str | bytes) or len(val) <= MAX_ID_LENGTH:
        return None
    return ascii(val[:MAX_ID_LENGTH]).removeprefix("b")[1:-1] + "..."


@pytest.fixture(scope="session", autouse=True)
def _loggers_are_not_cached() -> Iterator[None]:
    """Disable the caching of loggers: module loggers are process-wide and have to follow each configuration."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            structlog, "configure", lambda **options: configure(**options | {"cache_logger_on_first_use": False})
        )
        _reset_logging()
        yield


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Reset the logging that an entry point under test has configured."""
    yield
    _reset_logging()


def _reset_logging() -> None:
    """Configure structlog's defaults, with plain tracebacks: rich ones take half a second each."""
    structlog.reset_defaults()
    *processors, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, renderer])


@pytest.fixture(scope="session")
def iam_record(pytestconfig: pytest.Config) -> Path:
    """Return the file for the decisions about the roles of the stacks."""
    plugin = pytestconfig.pluginmanager.get_plugin("iam")
    assert isinstance(plugin, IamPlugin)
    return plugin.record.open()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, iam_record: Path) -> Iterator[Stack]:
    """Run the whole local stack for the session; its workers may only do what their roles allow."""
    # AWS_ENDPOINT_URL may name a running emulator; without it the embedded one is started.
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or None
    options = Options(
        folder=tmp_path_factory.mktemp("stack"),
        endpoint_url=endpoint_url,
        iam_record=None if endpoint_url else iam_record,
        # Alerts go to a topic, so that the permission is needed.
        parameters={"AlertEmail": "operator@example.com"},
        bedrock_arguments=("--tokens-per-second", "200", "--first-token-ms", "50"),
        # A stopping pool gets enough time on a busy machine; a message of another release is retried once.
        pool_environment={
            "POOL_LEASE_SECONDS": str(LEASE_SECONDS),
            "POOL_DRAIN_SECONDS": "30",
            "POOL_ROLLOUT_WAIT_SECONDS": "1",
            # No test waits for ten minutes; the waiting itself is tested with a clock of its own.
            "CALENDAR_MOVE_WAIT_MINUTES": "0",
        },
    )
    with ExitStack() as context:
        running = context.enter_context(open_local_stack(options))
        pytestconfig.stash[_RUNNING_STACK] = context
        yield running


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the stack after the last test on it, not at the end: a dozen idle processes use CPU time, too."""
    is_last = STACK in fixture_names(item) and (nextitem is None or STACK not in fixture_names(nextitem))
    context = item.config.stash.get(_RUNNING_STACK, None)
    if is_last and context:
        context.close()


@pytest.fixture(scope="session")
def backstage(stack: Stack) -> Backstage:
    """Return access to the stack's tables, calendar and e-mails."""
    return Backstage(stack)


@pytest.fixture(scope="session")
def visit(stack: Stack) -> Visit:
    """Return the factory of visitors' connections."""
    description = stack.describe()
    return Visit(description["websocket_url"], description["tenant"], description["site_url"])


@dataclass(frozen=True)
class Emulator:
    """The emulator's address, and blocking clients for it."""

    endpoint_url: str

    @functools.cache  # noqa: B019 - there is one emulator for all tests
    def client(self, service):
        # Retries as in the ingress: the emulator closes connections after 75 idle seconds, sometimes during a request.
        retries = {"mode": "standard", "total_max_attempts": 3}
        config = Config(retries=retries, s3={"addressing_style": "path"}, max_pool_connections=50)
        return boto3.client(service, region_name="eu-central-1", endpoint_url=self.endpoint_url, config=config)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulator")
    children = Children(folder / "logs", Interrupts())
    port = find_free_port()
    endpoint_url = f"http://{HOST}:{port}"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in build_emulator_environment(endpoint_url).items():
            patched.setenv(name, value)
        try:
            child = start_emulator(children, port=port, scratch=folder / "tmp", environment=build_clean_environment())
            wait_for_emulator(child, port)
            emulator = Emulator(endpoint_url)
            create_tables(emulator.client("dynamodb"))
            yield emulator
        finally:
            children.stop_all()


@pytest.fixture(scope="session")
async def clients(emulator: Emulator) -> AsyncIterator[AwsClients]:
    """Return clients of the emulator, opened as a worker opens them."""
    settings = AwsSettings(
        aws_endpoint_url=emulator.endpoint_url,
        conversations_table="ConversationsTable",
        connections_table="ConnectionsTable",
        processed_table="ProcessedTable",
        knowledge_bucket="knowledge",
        websocket_endpoint=emulator.endpoint_url,
    )
    async with AsyncExitStack() as stack:
        yield AwsClients(stack, settings)


@pytest.fixture(scope="session")
async def dynamodb(clients: AwsClients) -> Any:
    """Return the workers' client of DynamoDB, on the emulator."""
    return await open_dynamodb(clients, clock=SystemClock())
