"""Opens businesses for single tests."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.local.stack import Stack
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
