"""The operator whose deployments are tested."""

import pytest

from tests.unit.infra.deployment.operator import Operator


@pytest.fixture
def operator(tmp_path):
    """An operator with an empty account."""
    return Operator(tmp_path)


@pytest.fixture
def deployed(operator):
    """An operator who has deployed once, with a sender."""
    operator.deploy(SesFromEmail="visits@example.com")
    return operator
