"""A dependency is slow or gone, or a process dies: what visitors hear and when; nothing is lost and nothing doubled."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from infra.local.ports import HOST, find_free_port
from infra.local.stack import Options, open_local_stack
from tests.e2e.backstage import Backstage
from tests.soak.recovery.effects import count_effects
from tests.soak.recovery.faults import FAULTS, Fault, Site
from tests.soak.recovery.faulty_proxy import open_faulty_proxy
from tests.soak.recovery.report import format_table, summarize
from tests.soak.recovery.run import open_visits, run_fault
from tests.soak.recovery.visits import BEFORE

pytestmark = pytest.mark.soak

RECOVERY_SECONDS = 10
HEARING_SECONDS = 10
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
            desk=False,
            site=False,
        )
        with open_local_stack(options) as stack:
            functions = stack.client("lambda")
            for name in FUNCTIONS:
                variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
                variables["AWS_ENDPOINT_URL_DYNAMODB"] = proxy.url
                functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            site = Site(stack, Backstage(stack), proxy)
            asyncio.run(load_functions(site))
            yield site


async def load_functions(site: Site) -> None:
    """Let one visitor wait until the changed functions are loaded."""
    async with open_visits(site) as visits:
        await visits.talk(BEFORE)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_visitors_hear_and_nothing_is_lost(fault: Fault, site: Site):
    """Everybody gets what they wanted, once, and new visitors are served soon after the fault."""
    async with open_visits(site) as visits:
        ended_at = await run_fault(fault, site, visits)
        effects = await count_effects(visits, site.backstage)
    print(f"\n## {fault.name}, {fault.seconds:g} s; load {os.getloadavg()[0]:.1f}")
    print(format_table(visits.list_exchanges()))
    outcome = summarize(visits, ended_at)
    print(f"{outcome}; {effects}", *effects.lost, *effects.doubled, sep="\n")
    assert effects.lost == []
    assert effects.doubled == []
