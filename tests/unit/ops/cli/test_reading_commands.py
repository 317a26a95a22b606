"""`stride failures list`, `show`, `stats` and `watch`, and the help of all commands."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.transitions import REPLAY_TIMEOUT
from ops.desk.domain.values import Forecast, ForecastKind
from shared.errors import ConfigurationError, DeploymentError, TransientError
from shared.ledger.failures import FailureState
from tests.fakes.clock import NOON

HOUR = timedelta(hours=1)


def ids(page):
    return [row["failure_id"] for row in page["failures"]]


def test_a_list_has_no_personal_data(terminal):
    """One line per failure, the latest first."""
    old = terminal.failed("old", last_at=NOON - 3 * HOUR, first_at=NOON - 3 * HOUR)
    new = terminal.failed("new")
    done = terminal.run("failures", "list")
    assert done.stdout.index(new) < done.stdout.index(old)
    assert "calendar_access_revoked" in done.stdout
    assert "3h" in done.stdout
    assert "jan@" not in done.stdout
    rows = terminal.json("failures", "list")["failures"]
    assert [row["last_at"] for row in rows] == ["2026-01-12T12:00:00+00:00", "2026-01-12T09:00:00+00:00"]
    assert not {"payload", "story", "audit_trail"} & set(rows[0])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--queue", "chat"], {"chat"}),
        (["--tenant", "clinic"], {"clinic"}),
        (["--tenant", "clinic", "--tenant", "nobody"], {"clinic"}),
        (["--error", "bug"], {"bug"}),
        (["--age", "2h"], {"chat", "clinic", "bug"}),
        (["--older-than", "2h"], {"old"}),
        (["--age", "1d", "--older-than", "90m"], {"old"}),
        (["--text", "CLINIC"], {"clinic"}),
        (["--state", "discarded"], {"gone"}),
        (["--state", "all"], {"chat", "clinic", "bug", "old", "gone"}),
        (["--state", "open"], {"chat", "clinic", "bug", "old"}),
        ([], {"chat", "clinic", "bug", "old"}),
    ],
)
def test_each_option_filters(terminal, options, expected):
    """Without options, failures that have not ended are listed."""
    old = NOON - 3 * HOUR
    made = {
        terminal.failed("chat", queue="chat"): "chat",
        terminal.failed("clinic", tenant="clinic"): "clinic",
        terminal.failed("bug", reason="bug"): "bug",
        terminal.failed("old", last_at=old, first_at=old): "old",
        terminal.failed("gone", state=FailureState.DISCARDED): "gone",
    }
    assert {made[one] for one in ids(terminal.json("failures", "list", *options))} == expected


def test_a_cursor_continues_a_list(terminal):
    """The pages together have every failure once."""
    made = {terminal.failed(f"k{n}", last_at=NOON - n * HOUR, first_at=NOON - n * HOUR) for n in range(7)}
    seen, cursor = [], ()
    while True:
        page = terminal.json("failures", "list", "--limit", "3", *cursor)
        seen += ids(page)
        if page["after"] is None:
            break
        cursor = ("--after", page["after"])
    assert (len(seen), set(seen)) == (7, made)
    assert "--after" in terminal.run("failures", "list", "--limit", "3").stderr


@pytest.mark.parametrize(
    "cursor",
    [
        "foo",
        "2026-01-12T12:00:00.000000+00:00",
        "2026-01-12T12:00:00.000000+00:00#",
        "2026-01-12T12:00:00#f1",
        "0001-01-01T00:00:00.000000+14:00#f1",
        "#f1",
        "",
    ],
)
def test_an_invalid_cursor_is_rejected(terminal, cursor):
    """Otherwise a typing error would look like the end of the list."""
    terminal.failed()
    done = terminal.run("failures", "list", "--after", cursor)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is not a cursor" in done.stderr


def test_show_prints_the_forecast_and_the_audit_trail(terminal):
    """The message is masked, and a line says how to unmask it."""
    one = terminal.failed()
    terminal.world.forecaster.by_failure[one] = Forecast(
        ForecastKind.OCCUPIED, start=NOON + HOUR, alternatives=[NOON + 2 * HOUR, NOON + 3 * HOUR]
    )
    done = terminal.run("failures", "show", one)
    assert "j***@e***.com" in done.stdout
    assert "--unmask" in done.stdout
    assert "the time is occupied: the visitor would be offered others (Mon 12 Jan 2026 13:00+00:00)" in done.stdout
    assert "alternatives: Mon 12 Jan 2026 14:00+00:00; Mon 12 Jan 2026 15:00+00:00" in done.stdout
    assert "jan@example.com" in terminal.run("failures", "show", one, "--unmask").stdout
    details = terminal.json("failures", "show", one)
    assert details["forecast"]["kind"] == "taken"
    refused = Forecast(ForecastKind.REFUSED, start=NOON, code="UNKNOWN_APPOINTMENT")
    terminal.world.forecaster.by_failure[one] = refused
    sentence = "refused (Mon 12 Jan 2026 12:00+00:00, the visit was cancelled, or there is none)"
    assert sentence in " ".join(terminal.run("failures", "show", one).stdout.split())
    assert [entry["what"] for entry in details["story"]] == ["failed", "unmasked"]
    assert set(details["story"][0]) == {"at", "by", "what", "note"}
    assert details["data"] is None


def test_hostile_text_does_not_control_the_terminal(terminal):
    """Control characters, bidirectional marks and markup are printed as text."""
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe [bold red]x[/] :smiley:"
    one = terminal.failed(
        error=evil, tenant=evil, data={"start": evil, "service": evil, "contact": "x", "name": evil}, reason=evil
    )
    for arguments in (["list"], ["show", one], ["show", one, "--unmask"], ["stats"], ["watch", "--looks", "1"]):
        done = terminal.run("failures", *arguments)
        assert done.exit_code == 0
        assert not set(done.stdout) & set("\x1b\x07\x9b\u202e")
        assert "[bold red]x[/]" in done.stdout.replace("\n", "")


def test_stats_print_counts_and_a_plot(terminal):
    """The counts are by error, and the plot is by hour."""
    for number in range(5):
        terminal.failed(f"k{number}", reason="bug" if number else "timeout")
    done = terminal.run("failures", "stats")
    assert "5 failures" in done.stdout
    assert "█" in done.stdout
    counts = terminal.json("failures", "stats")
    assert counts["by_reason"] == {"bug": 4, "timeout": 1}
    assert counts["by_hour"] == {"2026-01-12T12:00:00+00:00": 5}
    assert "No failures." in terminal.run("failures", "stats", "--queue", "chat").stdout


def test_watch_prints_each_change(terminal):
    """It prints open failures at the start, then each change once."""
    one = terminal.failed()
    iterate, polls = terminal.world.desk.iterate_failures, []

    def iterate_with_a_change(operator, failure_filter, *, limit):
        polls.append(failure_filter)
        if len(polls) == 3:
            kept = terminal.kept(one)
            changed = replace(kept, state=FailureState.DISCARDED, version=kept.version + 1)
            terminal.world.ledger.rows[one] = changed
        return iterate(operator, failure_filter, limit=limit)

    terminal.world.desk.iterate_failures = iterate_with_a_change
    done = terminal.run("failures", "watch", "--interval", "0.1", "--looks", "4", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["failure_id"], row["state"]) for row in rows] == [(one, "failed"), (one, "discarded")]


def test_watch_reads_more_than_one_page(terminal, monkeypatch):
    """Many failures at once are all printed, up to a limit that is reported."""
    monkeypatch.setattr("ops.cli.failures._MAX_WATCHED", 450)
    all_of_them = {terminal.failed(f"k{number:03}") for number in range(430)}
    done = terminal.run("failures", "watch", "--looks", "1", "--json")
    assert {json.loads(line)["failure_id"] for line in done.stdout.splitlines()} == all_of_them
    assert "There are more failures" not in done.stderr
    for number in range(430, 460):
        terminal.failed(f"k{number:03}")
    done = terminal.run("failures", "watch", "--looks", "1", "--json")
    assert len(done.stdout.splitlines()) == 450
    assert "only the latest 450 are watched" in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ConfigurationError("there is no stack"), 3, "there is no stack"),
        (TransientError("failures.find: timeout"), 3, "try again in a moment"),
        (DeploymentError("aws_AccessDenied", "failures.find: AccessDenied"), 3, "stride doctor"),
    ],
)
def test_an_error_is_one_line(terminal, error, code, text):
    """It has an exit code and no traceback."""
    terminal.error = error
    done = terminal.run("failures", "list")
    assert (done.exit_code, text in done.stderr, done.stdout) == (code, True, "")


def test_an_unknown_id(terminal):
    """The message says how to list the ids."""
    done = terminal.run("failures", "show", "nobody's")
    assert (done.exit_code, "stride failures list" in done.stderr) == (1, True)


@pytest.mark.parametrize("age", ["2", "2 years", "h", "-2h", "999999h", ""])
def test_an_invalid_age(terminal, age):
    """The message has examples."""
    done = terminal.run("failures", "list", "--age", age)
    assert (done.exit_code, "90s, 15m, 2h, 3d or 1w" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", [[], ["failures"], ["doctor"], ["status"], ["desk"]])
def test_help_has_examples(terminal, command):
    """The help of every group and of top-level commands has them."""
    done = terminal.run(*command, "--help")
    assert (done.exit_code, "Examples:\n  " in done.stdout) == (0, True)


@pytest.mark.parametrize("group", [[], ["failures"], ["suppressions"]])
def test_help_does_not_shorten_descriptions(terminal, group):
    """The list of commands has whole sentences."""
    listed = terminal.run(*group, "--help").stdout.partition("Commands:")[2].partition("\n\n")[0]
    assert ("." in listed, "..." in listed) == (True, False)


@pytest.mark.parametrize(
    ("group", "command"),
    [
        *(("failures", name) for name in ("list", "show", "retry", "edit", "discard", "erase", "watch", "stats")),
        *(("suppressions", name) for name in ("show", "remove")),
    ],
)
def test_help_of_each_subcommand_has_examples(terminal, group, command):
    """The help has a command line that can be copied."""
    done = terminal.run(group, command, "--help")
    assert (done.exit_code, f"  stride {group} {command}" in done.stdout) == (0, True)


def test_a_lost_replay_is_open(terminal):
    """`--state open` and `show` mark it, and a filter replays it again."""
    one = terminal.failed()
    terminal.run("failures", "retry", one)
    assert ids(terminal.json("failures", "list", "--state", "open")) == []
    assert "no outcome recorded" not in terminal.run("failures", "list").stdout
    terminal.world.clock.advance(REPLAY_TIMEOUT)
    for command in (("list", "--state", "open"), ("list",), ("show", one)):
        assert "replaying, no outcome recorded" in terminal.run("failures", *command).stdout
    terminal.run("failures", "retry", "--all", "--yes")
    assert terminal.kept(one).replays == 2
