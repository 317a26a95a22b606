"""Our top-level names are plain words, so nothing that is installed may carry them too."""

from importlib.metadata import packages_distributions

import pytest

OURS = {"stride-chat"}


@pytest.mark.parametrize("name", ["api_gateway_ws", "infra", "ops", "shared", "workers"])
def test_no_installed_distribution_claims_our_name(name):
    """`shared` and `workers` exist on the public index: installed, either would hide ours or be hidden by it."""
    claimed = {distribution.lower() for distribution in packages_distributions().get(name, ())}
    assert claimed <= OURS
