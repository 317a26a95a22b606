"""Runs the command line `stride` against the local stack: in this process, or in its own process as a user does."""

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

from infra.local.environment import build_clean_environment, build_emulator_environment
from infra.local.stack import Stack
from ops.cli.app import stride
from ops.cli.session import Session
from ops.deployment import Deployment, find_deployment
from ops.desk.domain.values import Operator
from ops.wiring import (
    open_answers,
    open_booking,
    open_circuits,
    open_desk,
    open_desk_tokens,
    open_erasure,
    open_gauge,
    open_s3,
    open_suppressions,
    open_usage,
    run_health_checks,
)
from shared.clock import SystemClock
from tests.deadlines import DEADLINE_SECONDS

_WIDTH = 200


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the output, parsed as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Runs commands as the operator `tester`."""

    def __init__(self, deployment: Deployment, file: Path) -> None:
        self._deployment = deployment
        self._file = file

    async def __call__(self, *arguments: str, stdin: str | None = None, **environment: str) -> CommandResult:
        """Run a command in this process, on a thread, because it starts its own event loop."""
        return await asyncio.to_thread(self._run, arguments, stdin, environment)

    def _run(self, arguments: tuple[str, ...], stdin: str | None, environment: dict[str, str]) -> CommandResult:
        session = Session(
            operator=Operator("tester"),
            title=lambda: self._deployment.title,
            open_desk=lambda: open_desk(self._deployment),
            open_erasure=lambda: open_erasure(self._deployment),
            open_gauge=lambda: open_gauge(self._deployment),
            open_usage=lambda: open_usage(self._deployment),
            open_answers=lambda: open_answers(self._deployment),
            open_circuits=lambda: open_circuits(self._deployment),
            open_desk_tokens=lambda: open_desk_tokens(self._deployment),
            run_health_checks=lambda report: run_health_checks(self._deployment, report),
            open_suppressions=lambda: open_suppressions(self._deployment),
            open_booking=lambda: open_booking(self._deployment),
            open_s3=open_s3,
            clock=SystemClock(),
            out=Console(highlight=False, width=_WIDTH),
            err=Console(stderr=True, highlight=False, width=_WIDTH),
        )
        result = CliRunner().invoke(stride, arguments, input=stdin, env=environment, obj=session)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return CommandResult(result.exit_code, result.stdout, result.stderr)

    async def process(self, *arguments: str) -> CommandResult:
        """Run a command in its own process, which finds the stack by its description file."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops", "--stack-file", str(self._file), "--as", "tester", *arguments),
            env={**build_clean_environment(), "COLUMNS": str(_WIDTH)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), DEADLINE_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        return CommandResult(process.returncode or 0, out.decode(), err.decode())


@contextmanager
def command_line(stack: Stack, folder: Path) -> Iterator[CommandLine]:
    """Yield a `CommandLine`; until the end of the `with`, this process uses the stack's emulator as AWS."""
    file = folder / "stack.json"
    file.write_text(json.dumps(stack.describe()), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in build_emulator_environment(str(stack.target.endpoint_url)).items():
            patched.setenv(name, value)
        yield CommandLine(find_deployment(stack_file=file), file)
