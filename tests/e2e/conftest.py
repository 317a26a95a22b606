"""Notes which test runs, where IAM is enforced: the recorded decisions have only their time."""

import json
import time

import pytest

from tests.iam.record import LAMBDA_FILE, LAMBDA_TESTS, POOLS_TESTS, clear_record


def pytest_configure(config: pytest.Config) -> None:
    # The processes of xdist start after this.
    if config.getoption("--iam") and not hasattr(config, "workerinput"):
        clear_record()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note the start of a test, before it opens a stack; without parameters, so that any test can be run by it."""
    if item.config.getoption("--iam"):
        notes = LAMBDA_TESTS if item.path.name == LAMBDA_FILE else POOLS_TESTS
        # xdist appends the group: `test_booking.py::test_a_hold[massage]@stack`.
        test = item.nodeid.partition("[")[0].partition("@")[0]
        with notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "test": test}) + "\n")
