"""`stride doctor` and `stride status`."""

import json
from dataclasses import replace
from datetime import timedelta

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from ops.health.checks import CheckResult
from shared.circuits.breaker import CircuitState
from shared.circuits.ports import CircuitRecord
from shared.errors import PermanentError


def test_the_doctor_advises(terminal):
    """A problem is printed with advice, and the exit code is 1."""
    assert terminal.run("doctor").exit_code == 0
    terminal.checks.append(CheckResult("calendar salon", "problem", "calendar_forbidden", "share the calendar"))
    done = terminal.run("doctor")
    assert done.exit_code == 1
    assert "PROBLEM  calendar salon" in done.stdout
    assert "-> share the calendar" in done.stdout
    assert "1 of 3 checks found a problem." in done.stdout
    assert terminal.run("doctor", "--json").exit_code == 1


def test_a_feature_that_is_off_is_no_problem(terminal):
    """The line only says how to turn it on."""
    done = terminal.run("doctor")
    assert "OFF" in done.stdout
    assert "-> deploy with one" in done.stdout
    assert "No problems." in done.stdout


def test_status_shows_queues_and_failures(terminal):
    """Waiting messages, their age and open failures; an unknown age is not printed as 0."""
    terminal.failed()
    rows = terminal.json("status")
    printed = [(row["queue"], row["waiting"], row["failed"]) for row in rows]
    assert printed == [("booking", 3, 1), ("chat", 0, 0), ("feedback", 2, None)]
    assert (rows[0]["oldest_seconds"], rows[1]["oldest_seconds"]) == (75.0, None)
    booking, _, feedback = terminal.run("status").stdout.splitlines()[1:]
    assert booking.split() == ["booking", "3", "1m", "1", "0", "1"]
    assert feedback.split() == ["feedback", "2", "5s", "0"]


def test_status_names_what_the_local_stack_left_down(terminal):
    """Beside the figures, which stay what programs read."""
    terminal.down = ("booking", "chat")
    result = terminal.run("status", "--json")
    assert json.loads(result.stdout)
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["booking is down", "chat is down"]


def test_status_counts_lost_replays(terminal):
    """They need action like failures; a running replay does not."""
    one = terminal.failed()
    terminal.run("failures", "retry", one)
    assert terminal.json("status")[0]["failed"] == 0
    terminal.world.clock.advance(REPLAY_TIMEOUT)
    assert terminal.json("status")[0]["failed"] == 1


def test_status_names_what_a_worker_does_not_call(terminal):
    """Each process has circuits of its own; the figures stay what programs read."""
    now = terminal.world.clock.now()
    opened = CircuitRecord("booking host 7", "google_calendar", "a***@e***.com", CircuitState.OPEN, now)
    terminal.circuits.stored = {
        1: replace(opened, process="booking host 8", state=CircuitState.CLOSED),
        2: opened,
        3: replace(opened, dependency="ses", circuit="", process="notifications host 9"),
    }
    terminal.world.clock.advance(timedelta(minutes=2))
    result = terminal.run("status", "--json")
    assert [row["queue"] for row in json.loads(result.stdout)] == ["booking", "chat", "feedback"]
    assert " ".join(result.stderr.split()) == (
        "booking host 7: google_calendar a***@e***.com is not called, because it fails or is slow (last trial 2m ago) "
        "notifications host 9: ses is not called, because it fails or is slow (last trial 2m ago) "
        "booking host 8: google_calendar a***@e***.com is back (2m ago)"
    )


def test_status_works_without_the_table_of_circuits(terminal):
    """The figures are worth more."""
    terminal.circuits.outage = PermanentError("aws_AccessDeniedException")
    result = terminal.run("status", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)
    assert "Circuits can't be read" in result.stderr
