"""`stride failures retry`, `edit` and `discard`."""

import json
import re

import pytest
from structlog.testing import capture_logs

from ops.cli.data_file import NotDataError, parse_data_file
from ops.desk.domain.values import Forecast, ForecastKind
from shared.errors import PermanentError
from shared.ledger.failures import FailureState
from tests.fakes.envelopes import command_body


def test_an_id_is_replayed_without_a_question(terminal):
    """Typing an id is clear enough."""
    one, other = terminal.failed("k1"), terminal.failed("k2")
    done = terminal.run("failures", "retry", one)
    assert (done.exit_code, "1 on their queues again" in done.stdout) == (0, True)
    assert len(terminal.sent) == 1
    assert terminal.kept(other).state is FailureState.FAILED


def test_a_filter_is_replayed_after_a_question(terminal):
    """The question has the counts by reason; "no" leaves the failures unchanged."""
    for number in range(30):
        terminal.failed(f"k{number}", reason="bug" if number % 3 else "timeout")
    by_error = ("failures", "retry", "--error", "bug", "--rate", "1000")
    asked = terminal.run(*by_error, stdin="n\n")
    assert (asked.exit_code, terminal.sent) == (1, [])
    assert "Replay 20 failures (20 bug) at 1000 per second?" in asked.stderr
    done = terminal.run(*by_error, stdin="y\n")
    assert (done.exit_code, len(terminal.sent)) == (0, 20)
    assert "20 on their queues again" in done.stdout
    again = terminal.run(*by_error, "--yes")
    assert (again.exit_code, "No failure matches." in again.stdout) == (0, True)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PermanentError("aws_AccessDenied", "failures.get: AccessDenied"), 3, "stride doctor"),
        (KeyboardInterrupt(), 130, "stopped; the remaining failures are unchanged"),
    ],
)
def test_an_interrupted_replay_prints_its_tally(terminal, error, code, text):
    """The operator has to know how many were replayed before an error or Ctrl-C."""
    for number in range(9):
        terminal.failed(f"k{number}", session="s")
    put = terminal.world.replays.send_replay

    async def put_until_the_fifth(failure):
        if len(terminal.sent) == 4:
            terminal.world.ledger.error = error
        await put(failure)

    terminal.world.replays.send_replay = put_until_the_fifth
    with capture_logs():
        done = terminal.run("failures", "retry", "--all", "--yes", "--rate", "1000", "--json")
    assert (done.exit_code, text in done.stderr) == (code, True)
    assert json.loads(done.stdout)["replayed"] == len(terminal.sent) == 5


def test_a_dry_run_prints_forecasts(terminal):
    """For each failure and in total; nothing is sent and no question is asked."""
    ids = [terminal.failed(f"k{number}") for number in range(3)]
    terminal.world.forecaster.by_failure[ids[1]] = Forecast(ForecastKind.PAST)
    done = terminal.run("failures", "retry", "--all", "--dry-run", "--rate", "1000")
    assert (done.exit_code, terminal.sent) == (0, [])
    assert "2: the time is free: it would be booked" in done.stdout
    assert f"{ids[1]}  the time has passed: the visitor would be offered others" in done.stderr
    assert terminal.json("failures", "retry", "--all", "--dry-run")["forecasts"] == {"free": 2, "past": 1}


@pytest.mark.parametrize("arguments", [[], ["some-id", "--all"], ["some-id", "--queue", "booking"], ["--rate", "0"]])
def test_an_ambiguous_selection_is_rejected(terminal, arguments):
    """A typing error replays nothing."""
    terminal.failed()
    done = terminal.run("failures", "retry", *arguments)
    assert (done.exit_code, terminal.sent) == (2, [])


def test_rejected_replays_have_an_exit_code(terminal):
    """The reason of each is printed."""
    one = terminal.failed()
    terminal.run("failures", "retry", one)
    done = terminal.run("failures", "retry", one, "nobody's")
    assert done.exit_code == 1
    assert f"{one}  not replayed: a replay is running; it may be repeated after" in done.stderr
    assert "nobody's  not replayed: there is no such failure" in done.stderr
    terminal.world.replays.error = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    two = terminal.failed("k2")
    done = terminal.run("failures", "retry", two, "--json")
    assert (done.exit_code, json.loads(done.stdout)["not_possible"]) == (1, {"not_sent": 1})


def test_an_ended_failure_is_replayed_only_with_again(terminal):
    """The message names the option."""
    one = terminal.failed()
    terminal.run("failures", "discard", one, "--reason", "called")
    done = terminal.run("failures", "retry", one)
    assert (done.exit_code, "--again" in done.stderr) == (1, True)
    assert terminal.run("failures", "retry", one, "--again").exit_code == 0


def test_discard_requires_a_reason(terminal):
    """Several failures share the reason; an unknown id does not stop the others."""
    one, two = terminal.failed("k1"), terminal.failed("k2")
    assert terminal.run("failures", "discard", one).exit_code == 2
    done = terminal.run("failures", "discard", one, "nobody's", two, "--reason", "the visitor called")
    assert (done.exit_code, "nobody's" in done.stderr) == (1, True)
    assert {terminal.kept(failure_id).state for failure_id in (one, two)} == {FailureState.DISCARDED}
    assert terminal.kept(two).audit_trail[-1].note == "the visitor called"
    twice = terminal.run("failures", "discard", one, "--reason", "called")
    assert (twice.exit_code, "already" in twice.stderr, "--again" in twice.stderr) == (1, True, False)


def editor(*scripts):
    return "sed -i " + " ".join(f"-e '{script}'" for script in scripts)


def test_the_editor_edits_only_the_data(terminal):
    """The text in the editor does not contain the envelope, so it can't be changed."""
    one = terminal.failed()
    before = json.loads(terminal.kept(one).payload)
    done = terminal.run("failures", "edit", one, EDITOR=editor("s/jan@example.com/anna@example.com/"))
    assert (done.exit_code, "Changed contact." in done.stdout) == (0, True)
    after = json.loads(terminal.kept(one).payload)
    assert after["data"]["contact"] == "anna@example.com"
    assert {**after, "data": None}.items() >= {**before, "data": None}.items()


def test_invalid_data_can_be_corrected(terminal):
    """The editor opens again, with the problems at the top."""
    one = terminal.failed()
    typing_error = editor("/there is no such field/,$ s/^strat:/start:/", "t", "s/^start:/strat:/")
    done = terminal.run("failures", "edit", one, stdin="y\nn\n", EDITOR=typing_error)
    assert "strat: there is no such field" in done.stderr
    assert "Edit it again?" in done.stderr
    assert json.loads(terminal.kept(one).payload)["data"]["start"] == "2026-01-13T10:00"


def test_an_unchanged_text_changes_nothing(terminal):
    """The message stays the same; that personal data was shown is recorded."""
    one = terminal.failed()
    before = terminal.kept(one).payload
    done = terminal.run("failures", "edit", one, EDITOR="true")
    assert "Nothing was changed." in done.stdout
    assert terminal.kept(one).payload == before
    assert [entry.action for entry in terminal.kept(one).audit_trail] == ["failed", "unmasked"]


def test_a_code_keeps_its_zeros(terminal):
    """Plain YAML reads 012345 as an octal number."""
    verify = command_body(type="booking.verify", data={"appointment_id": "0123456789abcdef", "code": "999999"})
    one = terminal.failed(payload=verify)
    terminal.run("failures", "edit", one, EDITOR=editor("s/.*code:.*/code: 012345/"))
    assert json.loads(terminal.kept(one).payload)["data"]["code"] == "012345"


@pytest.mark.parametrize(
    "text",
    [
        'start: 2026-01-14T10:00:00\nservice: massage\ncontact: "jan@example.com"\nname:\n',
        '{"start": "2026-01-14T10:00:00", "service": "massage", "contact": "jan@example.com", "name": ""}',
    ],
)
def test_data_is_read_from_a_file_or_a_pipe(terminal, tmp_path, text):
    """It may be YAML or JSON."""
    one, two = terminal.failed("k1"), terminal.failed("k2")
    file = tmp_path / "data"
    file.write_text(text, encoding="utf-8")
    assert terminal.run("failures", "edit", one, "--data", str(file)).exit_code == 0
    assert terminal.run("failures", "edit", two, "--data", "-", stdin=text).exit_code == 0
    for failure_id in (one, two):
        data = json.loads(terminal.kept(failure_id).payload)["data"]
        assert (data["start"], data["name"]) == ("2026-01-14T10:00:00", "")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[1, 2]", "an object is expected"),
        ("just words", "an object is expected"),
        ("", "an object is expected"),
        ("a: [", "is not YAML"),
        ("a: 1\n\tb: 2", "line 2"),
        ("a: &a [x]\nb: *c", "is not YAML"),
        ("service: massage", "contact: Field required"),
    ],
)
def test_invalid_data_is_rejected(terminal, data, message):
    """The message says where the problem is, and nothing is changed."""
    one = terminal.failed()
    before = terminal.kept(one)
    done = terminal.run("failures", "edit", one, "--data", "-", stdin=data)
    assert (done.exit_code, message in done.stderr) == (1, True), done.stderr
    assert terminal.kept(one) == before


def test_a_missing_file(terminal):
    """The message names it."""
    done = terminal.run("failures", "edit", terminal.failed(), "--data", "/nowhere/data.yaml")
    assert (done.exit_code, "/nowhere/data.yaml" in done.stderr) == (1, True)


def test_yaml_creates_no_objects():
    """Tags are ignored: there are only texts, lists and mappings."""
    assert parse_data_file("a: !!python/object/apply:os.system [ls]") == {"a": ["ls"]}
    with pytest.raises(NotDataError):
        parse_data_file("!!python/name:os.system")


def test_no_editor_opens_for_an_unreadable_message(terminal):
    """And nothing of the message is shown."""
    one = terminal.failed(payload="not JSON")
    done = terminal.run("failures", "edit", one, EDITOR="false")
    assert (done.exit_code, bool(re.search("it has no data that can be edited", done.stderr))) == (1, True)
