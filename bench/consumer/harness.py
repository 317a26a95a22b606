"""Executes one run with a fresh queue and a fresh process, and reads the figures of both."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from bench.consumer.contenders import Contender
from bench.consumer.environments import ROOT
from infra.local.environment import build_clean_environment
from tests.broker.process import RunningBroker

_TIMEOUT_SECONDS = 120


class RunError(Exception):
    """A consumer did not finish; the text contains its error output."""


@dataclass(frozen=True)
class Result:
    """The figures of one run."""

    name: str
    messages: int
    seconds: float
    cpu_seconds: float
    rss_mb: float
    requests: int

    @property
    def rate(self) -> float:
        """Return messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        """Return microseconds of processor time a message."""
        return self.cpu_seconds / self.messages * 1e6

    def as_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Harness:
    """The servers that all contenders run against."""

    broker: RunningBroker
    dynamodb_url: str | None = None
    fifo: bool = False

    def run(self, contender: Contender, messages: int, *, number: int) -> Result:
        """Let one consumer process `messages` messages.

        Raises:
            CannotRunError: its environment can't be created.
            RunError: it did not finish.
        """
        name = f"bench-{contender.name}-{number}" + (".fifo" if self.fifo else "")
        queue = self.broker.queue(name, fifo=self.fifo, VisibilityTimeout="300")
        body = contender.body.replace("{n}", f"{number}-{{n}}")
        self.broker.fill(queue, count=messages, body=body, attributes=dict(contender.attributes))
        self.broker.reset_stats()
        with runner_process(contender.command(queue, messages, self.dynamodb_url)) as running:
            output = read_result(running, contender.name)
        requests = sum(self.broker.stats()["requests"].values())
        return Result(name=contender.name, requests=requests, **output)


@contextmanager
def runner_process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Start a runner in a separate session; at the end kill it with all processes that it started."""
    environment = {**build_clean_environment(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def read_result(running: "subprocess.Popen[str]", name: str) -> dict[str, Any]:
    """Wait for the runner's result, the last line of its output.

    Raises:
        RunError: the runner failed, printed nothing, or did not finish in time.
    """
    try:
        text, errors = running.communicate(timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as timeout:
        os.killpg(running.pid, signal.SIGKILL)
        _, errors = running.communicate()
        raise RunError(f"{name} did not finish in {_TIMEOUT_SECONDS} s\n{errors[-2000:]}") from timeout
    if running.returncode or not text.strip():
        raise RunError(f"{name} ended with exit code {running.returncode}\n{errors[-2000:]}")
    result: dict[str, Any] = json.loads(text.strip().rpartition("\n")[2])
    return result
