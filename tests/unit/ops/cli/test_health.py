"""`stride doctor` and `stride status`."""

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from ops.health.checks import Check


def test_the_doctor_says_what_to_do(terminal):
    """And ends with a code that a script can go by."""
    assert terminal.run("doctor").exit_code == 0
    terminal.checks.append(Check("calendar salon", "problem", "calendar_forbidden", "share the calendar"))
    done = terminal.run("doctor")
    assert done.exit_code == 1
    assert "PROBLEM  calendar salon" in done.stdout
    assert "-> share the calendar" in done.stdout
    assert "1 of 3 are problems." in done.stdout
    assert terminal.run("doctor", "--json").exit_code == 1


def test_what_is_off_is_no_problem(terminal):
    """But it is said how to turn it on."""
    done = terminal.run("doctor")
    assert "OFF" in done.stdout
    assert "-> deploy with one" in done.stdout
    assert "All is well." in done.stdout


def test_status_shows_queues_and_failures(terminal):
    """What waits, how long, and what failed; an age that nobody knows is no 0."""
    terminal.failed()
    rows = terminal.json("status")
    shown = [(row["queue"], row["waiting"], row["failed"]) for row in rows]
    assert shown == [("booking", 3, 1), ("chat", 0, 0), ("feedback", 2, None)]
    assert (rows[0]["oldest_seconds"], rows[1]["oldest_seconds"]) == (75.0, None)
    booking, _, feedback = terminal.run("status").stdout.splitlines()[1:]
    assert booking.split() == ["booking", "3", "1m", "1", "0", "1"]
    assert feedback.split() == ["feedback", "2", "5s", "0"]


def test_status_counts_replays_that_never_came_back(terminal):
    """They wait for somebody like what failed; a replay that is under way does not."""
    one = terminal.failed()
    terminal.run("failures", "retry", one)
    assert terminal.json("status")[0]["failed"] == 0
    terminal.world.clock.turn(REPLAY_TIMEOUT)
    assert terminal.json("status")[0]["failed"] == 1
