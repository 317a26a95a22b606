"""What the tests of the command line share: `stride` over a desk in memory."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner
from rich.console import Console

from ops.cli.app import stride
from ops.cli.session import Session
from ops.health.checks import Check
from ops.queues.figures import QueueFigures
from tests.fakes.desk import ANNA, DeskWorld
from tests.fakes.suppressions import FakeSuppressions


class FakeGauge:
    """Reads what it was told."""

    def __init__(self):
        self.figures = [
            QueueFigures("booking", 3, 1, 0, 75.0),
            QueueFigures("chat", 0, 0, 0, None),
            QueueFigures("feedback", 2, 0, None, 5.0),
        ]

    async def read(self):
        return self.figures


class Terminal:
    """Runs commands, each with a loop of its own, as the shell does."""

    def __init__(self):
        self.world, self.gauge = DeskWorld(), FakeGauge()
        self.checks = [Check("queue booking", "ok", "there"), Check("e-mail", "off", "no sender", "deploy with one")]
        self.suppressions = FakeSuppressions()
        self.trouble = None
        self.screen = {"width": 160}
        """What the console is; it is no terminal unless that is said."""
        self.err_screen = {"width": 160}

    def run(self, *arguments, given=None, **environment):
        @asynccontextmanager
        async def opened(part):
            if self.trouble:
                raise self.trouble
            yield part

        async def examine(told):
            for check in self.checks:
                told(check)
            return self.checks

        session = Session(
            operator=ANNA,
            title=lambda: "stride in memory",
            open_desk=lambda: opened(self.world.desk),
            open_erasing=lambda: opened(self.world.erasing),
            open_gauge=lambda: opened(self.gauge),
            examine=examine,
            open_suppressions=lambda: opened(self.suppressions),
            clock=self.world.clock,
            out=Console(highlight=False, **self.screen),
            err=Console(stderr=True, highlight=False, **self.err_screen),
        )
        done = CliRunner().invoke(stride, arguments, input=given, env=environment, obj=session)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def json(self, *arguments):
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

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
