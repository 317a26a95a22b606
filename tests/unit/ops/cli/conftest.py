"""Fixtures of the command line's tests: `stride` with a desk in memory."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner
from rich.console import Console

from ops.cli.app import stride
from ops.cli.session import Session
from ops.health.checks import CheckResult
from ops.queues.figures import QueueFigures
from ops.tokens.desk_tokens import DeskTokens
from ops.tokens.seals import TokenSeals
from tests.fakes.circuits import FakeCircuitRecords
from tests.fakes.desk import ANNA, DeskWorld
from tests.fakes.desk_tokens import FakeDeskTokens
from tests.fakes.suppressions import FakeSuppressions


class FakeGauge:
    """Returns the figures that a test sets."""

    def __init__(self):
        self.figures = [
            QueueFigures("booking", 3, 1, 0, 75.0),
            QueueFigures("chat", 0, 0, 0, None),
            QueueFigures("feedback", 2, 0, None, 5.0),
        ]

    async def read_figures(self):
        return self.figures


class Terminal:
    """Runs commands, each with its own event loop, as in a shell."""

    def __init__(self):
        self.world, self.gauge = DeskWorld(), FakeGauge()
        self.circuits = FakeCircuitRecords(self.world.clock)
        self.checks = [
            CheckResult("queue booking", "ok", "there"),
            CheckResult("e-mail", "off", "no sender", "deploy with one"),
        ]
        self.suppressions = FakeSuppressions()
        self.desk_tokens = FakeDeskTokens()
        self.error = None
        self.s3 = None
        self.booking = None
        self.usage = None
        self.answers = None
        self.down = ()
        self.screen = {"width": 160}
        """The arguments of the console, which is not a terminal by default."""
        self.err_screen = {"width": 160}

    def run(self, *arguments, stdin=None, **environment):
        @asynccontextmanager
        async def open_part(part):
            if self.error:
                raise self.error
            yield part

        async def run_health_checks(report):
            for check in self.checks:
                report(check)
            return self.checks

        session = Session(
            operator=ANNA,
            title=lambda: "stride in memory",
            open_desk=lambda: open_part(self.world.desk),
            open_erasure=lambda: open_part(self.world.erasure),
            open_gauge=lambda: open_part(self.gauge),
            open_circuits=lambda: open_part(self.circuits),
            run_health_checks=run_health_checks,
            open_suppressions=lambda: open_part(self.suppressions),
            open_booking=lambda: open_part(self.booking),
            open_usage=lambda: open_part(self.usage),
            open_answers=lambda: open_part(self.answers),
            open_desk_tokens=lambda: open_part(
                DeskTokens(store=self.desk_tokens, seals=TokenSeals(["k" * 64]), clock=self.world.clock)
            ),
            open_s3=lambda: self.s3,
            clock=self.world.clock,
            list_down=lambda: self.down,
            out=Console(highlight=False, **self.screen),
            err=Console(stderr=True, highlight=False, **self.err_screen),
        )
        result = CliRunner().invoke(stride, arguments, input=stdin, env=environment, obj=session)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments):
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def failed(self, key="k1", **changes):
        return asyncio.run(self.world.failed(key, **changes))

    def kept(self, failure_id):
        return self.world.kept(failure_id)

    @property
    def sent(self):
        return self.world.replays.sent


@pytest.fixture
def terminal():
    return Terminal()
