"""Knows for which tenant the current task works, so that its requests to Google count towards that tenant's share."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

served_tenant: ContextVar[str] = ContextVar("served_tenant", default="")
"""The tenant of the current task and of the tasks that it starts."""


@contextmanager
def serve_tenant(tenant: str) -> Iterator[None]:
    """Make it the served tenant inside the `with`."""
    token = served_tenant.set(tenant)
    try:
        yield
    finally:
        served_tenant.reset(token)
