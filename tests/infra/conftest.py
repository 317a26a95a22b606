"""An emulator of its own for a file of tests, and the package that every deployment needs."""

import pytest

from infra.aws import Target
from infra.dependencies import Platform
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import find_free_port
from infra.local.processes import Children
from infra.package import BUILD, PACKAGES, build_package


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emulator")
    children = Children(folder, Interrupts())
    port = find_free_port()
    try:
        emulator = start_emulator(
            children, port=port, scratch=folder / "scratch", environment=build_clean_environment()
        )
        wait_for_emulator(emulator, port)
        yield Target(endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        children.stop_all()


@pytest.fixture(scope="module")
def packages():
    return {
        "ingress": build_package(PACKAGES[0], BUILD / "packages" / Platform.LOCAL.value, Platform.LOCAL, reuse=True)
    }
