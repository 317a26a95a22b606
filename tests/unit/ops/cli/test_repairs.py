"""`stride failures retry`, `edit` and `discard`."""

import json
import re

import pytest
from structlog.testing import capture_logs

from ops.cli.data_file import NotDataError, from_text
from ops.desk.domain.values import Forecast, ForecastKind
from shared.errors import PermanentError
from shared.ledger.failures import FailureState
from tests.fakes.envelopes import command_body


def test_one_is_replayed_by_its_id(terminal):
    """Without a question: whoever types an id means it."""
    one, other = terminal.failed("k1"), terminal.failed("k2")
    done = terminal.run("failures", "retry", one)
    assert (done.exit_code, "1 on their queues again" in done.stdout) == (0, True)
    assert len(terminal.sent) == 1
    assert terminal.kept(other).state is FailureState.FAILED


def test_many_are_replayed_after_a_question(terminal):
    """Which says how many, and of what kind; a no leaves them as they are."""
    for number in range(30):
        terminal.failed(f"k{number}", reason="bug" if number % 3 else "timeout")
    by_error = ("failures", "retry", "--error", "bug", "--rate", "1000")
    asked = terminal.run(*by_error, given="n\n")
    assert (asked.exit_code, terminal.sent) == (1, [])
    assert "Replay 20 failures (20 bug) at 1000 a second?" in asked.stderr
    done = terminal.run(*by_error, given="y\n")
    assert (done.exit_code, len(terminal.sent)) == (0, 20)
    assert "20 on their queues again" in done.stdout
    again = terminal.run(*by_error, "--yes")
    assert (again.exit_code, "Nothing that matches." in again.stdout) == (0, True)


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (PermanentError("aws_AccessDenied", "failures.get: AccessDenied"), 3, "stride doctor"),
        (KeyboardInterrupt(), 130, "stopped; the others are as they were"),
    ],
)
def test_what_was_done_until_the_end_is_said(terminal, trouble, code, said):
    """Whoever goes on has to know how many went, also when the permission goes or Ctrl-C is pressed in the middle."""
    for number in range(9):
        terminal.failed(f"k{number}", session="s")
    put = terminal.world.replays.put

    async def breaking(failure):
        if len(terminal.sent) == 4:
            terminal.world.ledger.trouble = trouble
        await put(failure)

    terminal.world.replays.put = breaking
    with capture_logs():
        done = terminal.run("failures", "retry", "--all", "--yes", "--rate", "1000", "--json")
    assert (done.exit_code, said in done.stderr) == (code, True)
    assert json.loads(done.stdout)["replayed"] == len(terminal.sent) == 5


def test_a_dry_run_says_what_would_happen(terminal):
    """For each, and in sum; nothing is sent and nothing asked."""
    ids = [terminal.failed(f"k{number}") for number in range(3)]
    terminal.world.forecasts.told[ids[1]] = Forecast(ForecastKind.PAST)
    done = terminal.run("failures", "retry", "--all", "--dry-run", "--rate", "1000")
    assert (done.exit_code, terminal.sent) == (0, [])
    assert "2: the time is free: it would be booked" in done.stdout
    assert f"{ids[1]}  the time has gone by: the visitor would be offered others" in done.stderr
    assert terminal.json("failures", "retry", "--all", "--dry-run")["forecasts"] == {"free": 2, "past": 1}


@pytest.mark.parametrize("arguments", [[], ["some-id", "--all"], ["some-id", "--queue", "booking"], ["--rate", "0"]])
def test_what_is_meant_has_to_be_clear(terminal, arguments):
    """A slip of the hand replays nothing."""
    terminal.failed()
    done = terminal.run("failures", "retry", *arguments)
    assert (done.exit_code, terminal.sent) == (2, [])


def test_what_was_not_replayed_is_said_with_an_exit_code(terminal):
    """And why, for each."""
    one = terminal.failed()
    terminal.run("failures", "retry", one)
    done = terminal.run("failures", "retry", one, "nobody's")
    assert done.exit_code == 1
    assert f"{one}  not replayed: a replay is under way; it may be repeated after" in done.stderr
    assert "nobody's  not replayed: there is no such failure" in done.stderr
    terminal.world.replays.trouble = PermanentError("aws_AccessDenied", "sqs.replay: AccessDenied")
    two = terminal.failed("k2")
    done = terminal.run("failures", "retry", two, "--json")
    assert (done.exit_code, json.loads(done.stdout)["not_possible"]) == (1, {"not_sent": 1})


def test_an_ended_one_only_with_again(terminal):
    """The sentence says how."""
    one = terminal.failed()
    terminal.run("failures", "discard", one, "--reason", "called")
    done = terminal.run("failures", "retry", one)
    assert (done.exit_code, "--again" in done.stderr) == (1, True)
    assert terminal.run("failures", "retry", one, "--again").exit_code == 0


def test_discarding_takes_a_reason(terminal):
    """Several at a time; one that is not there does not spoil the others."""
    one, two = terminal.failed("k1"), terminal.failed("k2")
    assert terminal.run("failures", "discard", one).exit_code == 2
    done = terminal.run("failures", "discard", one, "nobody's", two, "--reason", "the visitor called")
    assert (done.exit_code, "nobody's" in done.stderr) == (1, True)
    assert {terminal.kept(run_each).state for run_each in (one, two)} == {FailureState.DISCARDED}
    assert terminal.kept(two).audit_trail[-1].note == "the visitor called"
    twice = terminal.run("failures", "discard", one, "--reason", "called")
    assert (twice.exit_code, "already" in twice.stderr, "--again" in twice.stderr) == (1, True, False)


def editor(*scripts):
    return "sed -i " + " ".join(f"-e '{script}'" for script in scripts)


def test_the_editor_gets_the_data_and_gives_it_back(terminal):
    """Nothing around it can be changed, because nothing around it is there."""
    one = terminal.failed()
    before = json.loads(terminal.kept(one).payload)
    done = terminal.run("failures", "edit", one, EDITOR=editor("s/jan@example.com/anna@example.com/"))
    assert (done.exit_code, "Changed contact." in done.stdout) == (0, True)
    after = json.loads(terminal.kept(one).payload)
    assert after["data"]["contact"] == "anna@example.com"
    assert {**after, "data": None}.items() >= {**before, "data": None}.items()


def test_a_mistake_can_be_mended(terminal):
    """The editor opens once more, with what is wrong at the top."""
    one = terminal.failed()
    slip = editor("/there is no such field/,$ s/^strat:/start:/", "t", "s/^start:/strat:/")
    done = terminal.run("failures", "edit", one, given="y\nn\n", EDITOR=slip)
    assert "strat: there is no such field" in done.stderr
    assert "Edit it again?" in done.stderr
    assert json.loads(terminal.kept(one).payload)["data"]["start"] == "2026-01-13T10:00"


def test_an_editor_that_changes_nothing(terminal):
    """Leaves the message as it was; that somebody looked is on record."""
    one = terminal.failed()
    before = terminal.kept(one).payload
    done = terminal.run("failures", "edit", one, EDITOR="true")
    assert "Nothing was changed." in done.stdout
    assert terminal.kept(one).payload == before
    assert [entry.action for entry in terminal.kept(one).audit_trail] == ["failed", "unmasked"]


def test_a_code_keeps_its_zeros(terminal):
    """YAML would take 012345 for an octal number."""
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
def test_data_comes_from_a_file_or_a_pipe(terminal, tmp_path, text):
    """As YAML or as JSON."""
    one, two = terminal.failed("k1"), terminal.failed("k2")
    file = tmp_path / "data"
    file.write_text(text, encoding="utf-8")
    assert terminal.run("failures", "edit", one, "--data", str(file)).exit_code == 0
    assert terminal.run("failures", "edit", two, "--data", "-", given=text).exit_code == 0
    for run_each in (one, two):
        data = json.loads(terminal.kept(run_each).payload)["data"]
        assert (data["start"], data["name"]) == ("2026-01-14T10:00:00", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "an object is wanted"),
        ("just words", "an object is wanted"),
        ("", "an object is wanted"),
        ("a: [", "is no YAML"),
        ("a: 1\n\tb: 2", "line 2"),
        ("a: &a [x]\nb: *c", "is no YAML"),
        ("service: massage", "contact: Field required"),
    ],
)
def test_data_that_is_none(terminal, text, said):
    """Says where, and changes nothing."""
    one = terminal.failed()
    before = terminal.kept(one)
    done = terminal.run("failures", "edit", one, "--data", "-", given=text)
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert terminal.kept(one) == before


def test_a_file_that_is_not_there(terminal):
    """Is said by name."""
    done = terminal.run("failures", "edit", terminal.failed(), "--data", "/nowhere/data.yaml")
    assert (done.exit_code, "/nowhere/data.yaml" in done.stderr) == (1, True)


def test_yaml_makes_no_objects():
    """Only texts, lists and mappings, whatever its tags say."""
    assert from_text("a: !!python/object/apply:os.system [ls]") == {"a": ["ls"]}
    with pytest.raises(NotDataError):
        from_text("!!python/name:os.system")


def test_what_can_not_be_edited_opens_no_editor(terminal):
    """And shows nothing."""
    one = terminal.failed(payload="not JSON")
    done = terminal.run("failures", "edit", one, EDITOR="false")
    assert (done.exit_code, bool(re.search("nothing in it can be edited", done.stderr))) == (1, True)
