"""Opens businesses for single tests, and notes which test runs where IAM is enforced."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.e2e.tenants import OpenBusiness, delete_business, upload_business
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


@pytest.fixture
def open_business(stack: Stack) -> Iterator[OpenBusiness]:
    """Return a function that uploads a copy of the demo business with other limits; it is deleted after the test."""
    opened: list[str] = []

    def upload(*, model: Mapping[str, Any] | None = None, **limits: Any) -> str:
        opened.append(upload_business(stack, model=model, **limits))
        return opened[-1]

    yield upload
    for tenant in opened:
        delete_business(stack, tenant)
