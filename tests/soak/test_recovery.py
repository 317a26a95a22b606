"""A dependency is slow or gone, or a process dies: what visitors hear and when; nothing is lost and nothing doubled."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.environment import build_emulator_environment
from infra.local.ports import HOST, find_free_port
from infra.local.stack import Options, Stack, open_local_stack
from infra.local.supervisor import Supervisor
from ops.deployment import find_deployment
from ops.wiring import open_desk
from tests.e2e.backstage import Backstage
from tests.soak.recovery.effects import count_effects
from tests.soak.recovery.faults import FAULTS, Fault, Site
from tests.soak.recovery.faulty_proxy import EDGE, open_faulty_proxy
from tests.soak.recovery.report import format_table, summarize
from tests.soak.recovery.run import open_visits, run_fault
from tests.soak.recovery.visits import BEFORE

pytestmark = pytest.mark.soak

RECOVERY_SECONDS = 10
SLACK = 6
"""So many times as long as visits take without a fault may everything take more."""

WATCH_SECONDS = 0.2
FUNCTIONS = ("stride-ingress", "stride-authorizer")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the stack with its own settings; tables and e-mails are reached through the proxy."""
    port = find_free_port()
    with open_faulty_proxy(f"http://{HOST}:{port}") as proxy:
        options = Options(
            folder=tmp_path_factory.mktemp("recovery"),
            emulator_port=port,
            pool_environment={"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_SESV2": proxy.url},
            bedrock_arguments=("--tokens-per-second", "200", "--first-token-ms", "50"),
            keep=True,
            desk=False,
            site=False,
        )
        with open_local_stack(options) as stack:
            functions = stack.client("lambda")
            for name in FUNCTIONS:
                variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
                variables["AWS_ENDPOINT_URL_DYNAMODB"] = f"{proxy.url}{EDGE}"
                functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            site = Site(stack, Backstage(stack), proxy)
            asyncio.run(load_functions(site))
            with supervising(stack):
                yield site


@contextmanager
def supervising(stack: Stack) -> Iterator[None]:
    """Start processes again that end, as `make up` does, until the end of the `with`."""
    supervisor = Supervisor(stack.children, is_ready=stack.check_ready, report=print, update_description=lambda: None)
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(WATCH_SECONDS):
            supervisor.check()

    thread = threading.Thread(target=watch, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


async def load_functions(site: Site) -> None:
    """Let one visitor wait until the changed functions are loaded."""
    async with open_visits(site) as visits:
        await visits.converse(BEFORE)


def write_description(stack: Stack, folder: Path) -> Path:
    """Write what `make up` writes, by which the desk finds the stack."""
    file = folder / "stack.json"
    file.write_text(json.dumps(stack.describe()), encoding="utf-8")
    return file


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_visitors_hear_and_nothing_is_lost(fault: Fault, site: Site, tmp_path: Path):
    """Everybody gets what they wanted, once, and new visitors are served soon after the fault."""
    async with open_visits(site) as visits:
        ended_at = await run_fault(fault, site, visits)
        with pytest.MonkeyPatch.context() as patched:
            for name, value in build_emulator_environment(str(site.stack.target.endpoint_url)).items():
                patched.setenv(name, value)
            async with open_desk(find_deployment(stack_file=write_description(site.stack, tmp_path))) as desk:
                effects = await count_effects(visits, site.backstage, desk)
    print(f"\n## {fault.name}, {fault.seconds:g} s; load {os.getloadavg()[0]:.1f}")
    print(format_table(visits.list_exchanges()))
    outcome = summarize(visits, ended_at)
    print(f"{outcome}; {effects}", *effects.lost, *effects.doubled, sep="\n")
    assert fault.loses_seconds or effects.lost == []
    assert effects.doubled == []
    assert fault.may_repeat_codes or not effects.repeated_codes
    # What is slow because of the machine was slow before.
    slack = SLACK * outcome.before
    assert outcome.recovered <= RECOVERY_SECONDS + slack
    assert fault.loses_seconds or outcome.caught_up <= fault.served_seconds + slack
    assert fault.loses_seconds or outcome.silence <= fault.heard_seconds + slack + (
        fault.seconds if fault.is_silent else 0
    )
