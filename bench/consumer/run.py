"""One run: a fresh queue, a fresh process, and what both say afterwards."""

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
from infra.local.environment import clean_environment
from tests.broker.process import RunningBroker

_LONGEST_SECONDS = 120


class RunError(Exception):
    """A consumer did not finish; the text has what it said."""


@dataclass(frozen=True)
class Result:
    """What one run took."""

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
        """Return it for a file."""
        return asdict(self)


@dataclass(frozen=True)
class Course:
    """Where everybody runs."""

    broker: RunningBroker
    dynamodb_url: str | None = None
    fifo: bool = False

    def run(self, contender: Contender, messages: int, *, number: int) -> Result:
        """Run one consumer over `messages` messages.

        Raises:
            CannotRunError: nothing here runs it.
            RunError: it did not finish.
        """
        name = f"bench-{contender.name}-{number}" + (".fifo" if self.fifo else "")
        queue = self.broker.queue(name, fifo=self.fifo, VisibilityTimeout="300")
        body = contender.body.replace("{n}", f"{number}-{{n}}")
        self.broker.fill(queue, count=messages, body=body, attributes=dict(contender.attributes))
        self.broker.reset_stats()
        with process(contender.command(queue, messages, self.dynamodb_url)) as running:
            said = outcome(running, contender.name)
        requests = sum(self.broker.stats()["requests"].values())
        return Result(name=contender.name, requests=requests, **said)


@contextmanager
def process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Start a runner in a session of its own, and end it with all that it started."""
    environment = {**clean_environment(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
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


def outcome(running: "subprocess.Popen[str]", name: str) -> dict[str, Any]:
    """Wait for a runner's one line.

    Raises:
        RunError: there was none.
    """
    try:
        out, complaints = running.communicate(timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired as late:
        os.killpg(running.pid, signal.SIGKILL)
        _, complaints = running.communicate()
        raise RunError(f"{name} did not finish in {_LONGEST_SECONDS} s\n{complaints[-2000:]}") from late
    if running.returncode or not out.strip():
        raise RunError(f"{name} ended with exit code {running.returncode}\n{complaints[-2000:]}")
    said: dict[str, Any] = json.loads(out.strip().rpartition("\n")[2])
    return said
