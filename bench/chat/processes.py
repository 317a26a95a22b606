"""The processes under test, and what they use of the machine."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.environment import build_clean_environment

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor time that a process has used, in milliseconds."""

    user_ms: float
    system_ms: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user_ms - other.user_ms, self.system_ms - other.system_ms)


def read_cpu(pid: int) -> Cpu:
    """Return what a process has used so far, without its children."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    return Cpu(int(user) * tick_ms, int(system) * tick_ms)


def read_memory_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def build_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of the benchmark."""
    return {**build_clean_environment(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **changes}


@asynccontextmanager
async def run_pool(environment: Mapping[str, str], log: Path) -> AsyncIterator[int]:
    """Run `python -m workers.chat` for the duration of the `async with`, and yield its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - it starts before anything is measured
            [sys.executable, "-m", "workers.chat"],
            cwd=ROOT,
            env=build_environment(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        await _wait_for_start(process, log)
        yield process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def _wait_for_start(process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(READY_SECONDS * 20):
        written = await asyncio.to_thread(log.read_text)
        if process.poll() is not None:
            raise SystemExit(f"the pool ended:\n{written[-3000:]}")
        if '"pool_started"' in written:
            return
        await asyncio.sleep(0.05)
    raise SystemExit(f"the pool did not start in {READY_SECONDS} s")


def count_problems(log: Path) -> dict[str, int]:
    """Return how often each warning and error was logged."""
    found: dict[str, int] = {}
    for line in log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"level": "error", "event": line[:80]}
        if entry.get("level") in {"warning", "error"}:
            found[entry["event"]] = found.get(entry["event"], 0) + 1
    return found
