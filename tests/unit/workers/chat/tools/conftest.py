"""Fixtures of tools: a call for a visitor's message, on a Monday at noon."""

from datetime import UTC, datetime

import pytest

from tests.unit.workers.chat.conftest import World
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.tool import ToolContext

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)


@pytest.fixture
def context_of(make_profile):
    """Return a function that builds the context of a call."""
    command = World().command("Is there anything free?")

    def build(*, deadline=float("inf"), free_times=(), **profile):
        return ToolContext(command, make_profile(**profile), NOON, Deadline(deadline), "call", frozenset(free_times))

    return build
