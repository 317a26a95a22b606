"""Runs the broker in a process for a test or a benchmark, and calls it."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 5
_FILL_SECONDS = 120


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker in a separate process."""

    url: str
    pid: int

    def queue(self, name: str, *, fifo: bool = False, **attributes: Any) -> str:
        """Create a queue and return its URL; attributes as in CreateQueue, objects are converted to JSON."""
        given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        if fifo:
            given["FifoQueue"] = "true"
        call = json.dumps({"QueueName": name, "Attributes": given})
        headers = {"X-Amz-Target": "AmazonSQS.CreateQueue", "Authorization": "none"}
        return str(self._ask("POST", "/", call, headers)["QueueUrl"])

    def fill(self, queue: str, *, count: int, body: str, **more: Any) -> None:
        """Add `count` messages to a queue; `{n}` in the body is the number. See `control.py` for other fields."""
        self._ask("POST", "/_broker/fill", json.dumps({"queue": queue, "count": count, "body": body, **more}))

    def stats(self) -> dict[str, Any]:
        """Return the counters, and the number of messages on each queue."""
        return self._ask("GET", "/_broker/stats")

    def reset_stats(self) -> None:
        """Set the counters to 0."""
        self._ask("POST", "/_broker/stats/reset")

    def faults(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the active rules; an empty list removes all."""
        self._ask("POST", "/_broker/faults", json.dumps(list(rules)))

    def _ask(self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        address = urlsplit(self.url)
        with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=_FILL_SECONDS)) as connection:
            connection.request(method, path, body.encode(), dict(headers or {}))
            response = connection.getresponse()
            content: dict[str, Any] = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise ValueError(f"{method} {path}: {content.get('error') or content.get('message')}")
        return content


@contextmanager
def running_broker(*, latency_ms: float = 0, port: int = 0, seed: int | None = None) -> Iterator[RunningBroker]:
    """Start a broker, wait until it listens, and stop it at the end; it exits by itself if this process is killed."""
    command = [sys.executable, "-m", "tests.broker", "--with-stdin"]
    command += ["--port", str(port), "--latency-ms", str(latency_ms)]
    command += [] if seed is None else ["--seed", str(seed)]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise OSError(f"the broker did not start: exit code {process.wait()}")
            yield RunningBroker(url=json.loads(line)["url"], pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
