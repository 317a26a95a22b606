"""A fast broker, and worker processes on it that may be killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.local.environment import build_emulator_environment
from tests.broker.process import running_broker

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 3


@dataclass
class Workshop:
    """The broker, the tables, and the workers of one test."""

    broker: object
    emulator: object
    folder: Path
    workers: list = field(default_factory=list)
    started: int = 0

    def queues(self, name, *, fifo):
        """Make a queue and its dead-letter queue; return their URLs."""
        end = ".fifo" if fifo else ""
        return self.broker.queue(f"{name}{end}", fifo=fifo), self.broker.queue(f"{name}-dlq{end}", fifo=fifo)

    def is_empty(self, url):
        """Whether a queue has nothing left, waiting or in hand."""
        state = self.state(url)
        return not (state["visible"] or state["in_flight"])

    def state(self, url):
        """Return what a queue holds."""
        return self.broker.stats()["queues"][url.rpartition("/")[2]]

    def start(self, *arguments, log=None, **environment):
        """Start a worker; it takes messages as soon as it can."""
        self.started += 1
        log = log or self.folder / f"worker-{self.started}.log"
        variables = {
            **build_emulator_environment(self.emulator.endpoint_url),
            "AWS_ENDPOINT_URL_SQS": self.broker.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.emulator.endpoint_url,
            "CONVERSATIONS_TABLE": "ConversationsTable",
            "CONNECTIONS_TABLE": "ConnectionsTable",
            "PROCESSED_TABLE": "ProcessedTable",
            "KNOWLEDGE_BUCKET": "none",
            "WEBSOCKET_ENDPOINT": "http://127.0.0.1:9",
            "LOG_LEVEL": "INFO",
            "POOL_LEASE_SECONDS": str(LEASE_SECONDS),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        del variables["AWS_ENDPOINT_URL"]  # it would send SQS to the emulator too
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "soak" / "worker.py"), *arguments],
                env=variables,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker.log = log
        self.workers.append(worker)
        return worker

    def started_all(self, timeout_seconds=60):
        """Return once every worker takes messages."""
        for worker in self.workers:
            wait_until(
                lambda log=worker.log: '"pool_started"' in log.read_text(), timeout_seconds, f"{worker.log} starts"
            )

    def kill_oldest(self):
        """End the worker that has run longest as a crash would."""
        worker = self.workers.pop(0)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop_all(self):
        """Ask every worker to stop, and wait for it."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def frames(self, sessions):
        """Return the stored frames of these sessions: session to (seq, text)."""
        table = self.emulator.client("dynamodb")
        pages = table.get_paginator("scan").paginate(TableName="ConversationsTable")
        found = {session: [] for session in sessions}
        for page in pages:
            for item in page["Items"]:
                session = item["session_id"]["S"]
                if session in found:
                    text = json.loads(item["frame"]["S"])["data"]["text"]
                    found[session].append((int(item["seq"]["N"]), text))
        return {session: sorted(frames) for session, frames in found.items()}


def wait_until(condition, seconds, what):
    """Wait for a condition, and say what did not come."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"not after {seconds} s: {what}")
        time.sleep(0.1)


@contextmanager
def workshop_in(folder, emulator, **broker_options):
    with running_broker(**broker_options) as broker:
        made = Workshop(broker, emulator, folder)
        try:
            yield made
        finally:
            for worker in made.workers:
                worker.kill()
                worker.wait()


@pytest.fixture
def workshop(tmp_path, emulator, seed):
    with workshop_in(tmp_path, emulator, seed=seed) as made:
        yield made


@pytest.fixture
def seed(request):
    """Return what chance begins with; it is printed, so that a run can be had again with `--seed N`."""
    seed = request.config.getoption("--seed")
    seed = random.randrange(2**32) if seed is None else seed
    print(f"chance: --seed {seed}")
    return seed
