"""Output can be searched and copied at every width, and every time has its offset."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from ops.cli.sentences import describe_reason
from ops.desk.domain.values import Forecast, ForecastKind, NotPossible, NotPossibleReason
from shared.ledger.failures import FailureState
from shared.suppressions import Suppression
from tests.fakes.clock import NOON

REASON = "calendar_access_revoked"
LONG = {"reason": REASON, "tenant": "a-salon-with-quite-a-long-name", "type": "booking.reschedule"}


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_id_and_reason_are_never_shortened(terminal, width):
    """Operators search for them and copy them; the other columns are shortened or left out."""
    terminal.screen = {"width": width, "force_terminal": True, "color_system": None}
    ago = NOON - timedelta(hours=12, minutes=30)
    one = terminal.failed(**LONG, state=FailureState.FAILED_AGAIN, first_at=ago, last_at=ago)
    [_, line] = terminal.run("failures", "list").stdout.splitlines()
    assert line.startswith(one)
    assert line.rstrip().endswith(REASON)
    assert (LONG["tenant"] in line) == (width == 160)
    assert "…" in line or width in {80, 160}
    assert len(line.rstrip()) <= width or width == 60
    terminal.screen["width"] = width // 2
    assert REASON in terminal.run("failures", "stats").stdout


@pytest.mark.parametrize("command", [["list"], ["stats"], ["watch", "--looks", "1"]])
def test_lines_are_not_shortened_in_a_pipe(terminal, command):
    """`grep` gets each line whole, whatever the width of the console."""
    terminal.screen = {"width": 20}
    long_reason = f"{REASON}_" * 20
    terminal.failed(**{**LONG, "reason": long_reason})
    printed = terminal.run("failures", *command).stdout
    assert long_reason in printed
    assert command == ["stats"] or LONG["tenant"] in printed
    assert not any(line.endswith(" ") for line in printed.splitlines())


def test_show_wraps_no_line_in_a_pipe(terminal):
    """An error that is longer than the console stays one line."""
    terminal.screen = {"width": 30}
    error = "PermanentError: " + "words " * 50 + "end"
    assert error in terminal.run("failures", "show", terminal.failed(error=error)).stdout


@pytest.fixture
def in_warsaw(monkeypatch):
    """Set the local time zone to Warsaw."""
    monkeypatch.setenv("TZ", "Europe/Warsaw")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_warsaw")
def test_times_are_local_and_have_an_offset(terminal):
    """In every view; only requested times have the offset of the business."""
    one = terminal.failed()
    start = datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    terminal.world.forecaster.by_failure[one] = Forecast(ForecastKind.OCCUPIED, start=start, alternatives=[start])
    asyncio.run(
        terminal.suppressions.add("jan@example.com", Suppression("full", start, datetime(2099, 1, 1, tzinfo=UTC)))
    )
    again_at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert "after 14:00:00+02:00" in describe_reason(NotPossible(NotPossibleReason.REPLAYING, again_at=again_at))
    failure_filter = {
        ("failures", "show", one): [
            "first 2026-01-12 13:00:00+01:00, last 2026-01-12 13:00:00+01:00",
            "\n2026-01-12 13:00:00+01:00  ledger",
            "others (Wed 01 Jul 2026 10:00+01:00)",
            "alternatives: Wed 01 Jul 2026 10:00+01:00",
        ],
        ("failures", "watch", "--looks", "1"): ["13:00:00+01:00 failed"],
        ("failures", "stats"): ["12 Jan 13:00+01:00  12 Jan 14:00+01:00"],
        ("suppressions", "show", "jan@example.com"): [
            "since 2026-07-01 11:00:00+02:00, until 2099-01-01 01:00:00+01:00"
        ],
    }
    printed = {command: terminal.run(*command) for command in failure_filter}
    missing = [
        text for command, texts in failure_filter.items() for text in texts if text not in printed[command].stdout
    ]
    assert missing == []
