"""The consumers that are measured: their messages, environments and commands."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.consumer.environments import ensure_environment
from bench.consumer.messages import FANFERRO_ATTRIBUTES, command, taskiq_task


@dataclass(frozen=True)
class Contender:
    """One consumer."""

    name: str
    module: str
    description: str
    environment: str | None = None
    """The name of its virtual environment; None for this project's own."""
    body: str = field(default_factory=command)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    warm_up_messages: int = 4000
    """How many messages its first warm-up run gets."""
    arguments: Sequence[str] = ()
    needs_dynamodb: bool = False

    def command(self, queue: str, messages: int, dynamodb_url: str | None) -> list[str]:
        """Return the command that starts it; create its environment first if there is none.

        Raises:
            CannotRunError: its environment can't be created.
        """
        python = ensure_environment(self.environment) if self.environment else sys.executable
        dynamodb_arguments = ["--dynamodb", dynamodb_url] if self.needs_dynamodb and dynamodb_url else []
        runner = [python, "-m", f"bench.consumer.runners.{self.module}"]
        return [*runner, "--queue", queue, "--messages", str(messages), *self.arguments, *dynamodb_arguments]


CONTENDERS = (
    Contender(
        "raw", "raw", "signed requests on 8 sockets, no client library, nothing handled", warm_up_messages=20_000
    ),
    Contender("aiobotocore", "bare_aiobotocore", "8 loops of receive and batch delete, nothing handled"),
    Contender(
        "taskiq",
        "with_taskiq",
        "taskiq-aio-sqs, 100 tasks at once; it deletes one by one",
        environment="taskiq",
        body=taskiq_task(),
        warm_up_messages=1000,
    ),
    Contender(
        "fanferro",
        "with_fanferro",
        "its Rust core, 100 handlers at once, 8 pollers; its threads may use a second core",
        environment="fanferro",
        attributes=FANFERRO_ATTRIBUTES,
    ),
    Contender("pool", "pool", "ours, with all features, claims in memory"),
    Contender(
        "pool-dynamodb", "pool", "ours, claims in an emulated DynamoDB", warm_up_messages=300, needs_dynamodb=True
    ),
)
