"""That a file's tests share a process, so that one process alone pays for its fixtures."""

import pytest


@pytest.fixture(autouse=True)
def _needs_xdist(request: pytest.FixtureRequest):
    if not hasattr(request.config, "workerinput"):
        pytest.skip("runs with `make test` and `make test-fast`, which distribute the tests")


def test_xdist_knows_the_group(request: pytest.FixtureRequest):
    """A release of pytest that xdist does not support yet ignores groups silently: each process starts everything."""
    assert request.node.nodeid.endswith("@tests/unit/test_selection.py")
