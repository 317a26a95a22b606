"""Who is measured, with which messages, and where it runs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.consumer.environments import python_of
from bench.consumer.messages import FANFERRO_ATTRIBUTES, command, taskiq_task


@dataclass(frozen=True)
class Contender:
    """One consumer."""

    name: str
    module: str
    what: str
    environment: str | None = None
    """None is this project's own."""
    body: str = field(default_factory=command)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    first_guess: int = 4000
    """How many messages its first warm-up gets."""
    arguments: Sequence[str] = ()
    needs_dynamodb: bool = False

    def command(self, queue: str, messages: int, dynamodb_url: str | None) -> list[str]:
        """Return what starts it; makes its environment first if there is none.

        Raises:
            CannotRunError: nothing here runs it.
        """
        python = python_of(self.environment) if self.environment else sys.executable
        more = ["--dynamodb", dynamodb_url] if self.needs_dynamodb and dynamodb_url else []
        start = [python, "-m", f"bench.consumer.runners.{self.module}"]
        return [*start, "--queue", queue, "--messages", str(messages), *self.arguments, *more]


CONTENDERS = (
    Contender("raw", "raw", "signed requests on 8 sockets, no client library, nothing handled", first_guess=20_000),
    Contender("aiobotocore", "bare_aiobotocore", "8 loops of receive and batch delete, nothing handled"),
    Contender(
        "taskiq",
        "with_taskiq",
        "taskiq-aio-sqs, 100 tasks at once; it deletes one by one",
        environment="taskiq",
        body=taskiq_task(),
        first_guess=1000,
    ),
    Contender(
        "fanferro",
        "with_fanferro",
        "its Rust core, 100 handlers at once, 8 pollers; its threads may use a second core",
        environment="fanferro",
        attributes=FANFERRO_ATTRIBUTES,
    ),
    Contender("pool", "pool", "ours, everything on, claims in memory"),
    Contender("pool-dynamodb", "pool", "ours, claims in an emulated DynamoDB", first_guess=300, needs_dynamodb=True),
)
