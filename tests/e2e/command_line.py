"""The command line `stride` against the local stack: in this process, or as a person runs it, in one of its own."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from infra.local.environment import clean_environment, emulator_environment
from infra.local.stack import Stack
from ops.cli.app import stride
from ops.cli.session import Session
from ops.deployment import Deployment, find_deployment
from ops.desk.domain.values import Operator
from ops.wiring import open_desk, open_erasure, open_gauge, open_suppressions, run_health_checks
from shared.clock import SystemClock
from tests.deadlines import DEADLINE_SECONDS

_WIDTH = 200


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what it printed, as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Runs commands as the person `tester`."""

    def __init__(self, deployment: Deployment, file: Path) -> None:
        self._deployment = deployment
        self._file = file

    async def __call__(self, *arguments: str, given: str | None = None, **environment: str) -> Ran:
        """Run a command in this process, on a thread, because it has a loop of its own."""
        return await asyncio.to_thread(self._run, arguments, given, environment)

    def _run(self, arguments: tuple[str, ...], given: str | None, environment: dict[str, str]) -> Ran:
        session = Session(
            operator=Operator("tester"),
            title=lambda: self._deployment.title,
            open_desk=lambda: open_desk(self._deployment),
            open_erasure=lambda: open_erasure(self._deployment),
            open_gauge=lambda: open_gauge(self._deployment),
            run_health_checks=lambda told: run_health_checks(self._deployment, told),
            open_suppressions=lambda: open_suppressions(self._deployment),
            clock=SystemClock(),
            out=Console(highlight=False, width=_WIDTH),
            err=Console(stderr=True, highlight=False, width=_WIDTH),
        )
        done = CliRunner().invoke(stride, arguments, input=given, env=environment, obj=session)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    async def process(self, *arguments: str) -> Ran:
        """Run a command in a process of its own, which finds the stack by its file."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops", "--stack-file", str(self._file), "--as", "tester", *arguments),
            env={**clean_environment(), "COLUMNS": str(_WIDTH)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        return Ran(process.returncode or 0, out.decode(), err.decode())


@contextmanager
def command_line(stack: Stack, folder: Path) -> Iterator[CommandLine]:
    """Yield what runs commands; until the end of the `with` this process's AWS is the stack's emulator."""
    file = folder / "stack.json"
    file.write_text(json.dumps(stack.describe()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in emulator_environment(str(stack.target.endpoint_url)).items():
            patched.setenv(name, value)
        yield CommandLine(find_deployment(stack_file=file), file)
