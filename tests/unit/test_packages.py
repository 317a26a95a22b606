"""What holds for our packages as a whole: their names, and the contracts on what they import."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"stride-chat"}
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("name", ["api_gateway_ws", "evals", "infra", "ops", "shared", "workers"])
def test_no_installed_distribution_claims_our_name(name):
    """`shared` and `workers` exist on the public index: installed, either would hide ours or be hidden by it."""
    claimed = {distribution.lower() for distribution in packages_distributions().get(name, ())}
    assert claimed <= OURS


@pytest.mark.parametrize("key", ["modules", "containers"])
def test_the_import_contracts_hold_every_worker(key):
    """A worker that no contract names could import anything: it uses shared alone, and has the layers of the others."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = [set(contract[key]) for contract in contracts if "workers.chat" in contract.get(key, ())]
    workers = {f"workers.{path.parent.name}" for path in (ROOT / "workers").glob("*/wiring.py")}
    assert named
    assert all(workers <= names for names in named)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_fork_replaces_urllib3(path):
    """Botocore runs on the original; urllib3-future, on which some HTTP clients depend, installs itself over it."""
    assert "urllib3-future" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", ["package-lock.json", *(f"requirements/{path.name}" for path in LOCKS)])
def test_a_lock_file_holds_no_address(lock):
    """Versions and hashes are served by whatever registry a machine is set up with."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r'"resolved"|--(?:extra-)?index-url|--find-links|@ https?:', text)
