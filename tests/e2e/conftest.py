"""Opens businesses for single tests, and a stack whose workers are functions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import Options, Stack, open_local_stack
from tests.e2e.tenants import OpenBusiness, delete_business, upload_business


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


@pytest.fixture(scope="module")
def lambda_stack(tmp_path_factory: pytest.TempPathFactory, iam_record: Path) -> Iterator[Stack]:
    """Run a stack without pools: the packages are deployed, and the emulator polls the queues for them."""
    options = Options(
        folder=tmp_path_factory.mktemp("lambda"),
        site=False,
        desk=False,
        workers="lambda",
        iam_record=iam_record,
    )
    with open_local_stack(options) as running:
        yield running
