"""The start of a Lambda function: it never raises in the init phase, and is repeated at a later event."""

import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from shared import lambda_start
from shared.errors import ConfigurationError
from shared.lambda_start import RETRY_SECONDS, Start, StartError
from tests.deadlines import DEADLINE_SECONDS

ROOT = Path(__file__).parents[3]


class Settings(BaseSettings):
    a_table_that_is_not_set: str


class Building:
    """Fails with the errors in turn, then succeeds."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.runs = 0
        self.seconds = 1000.0

    def __call__(self):
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "built"

    def start(self):
        return Start(self, component="chat", monotonic=lambda: self.seconds)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_was_built_is_kept(capsys):
    """Every event gets the same object, and nothing is logged."""
    building = Building()
    start = building.start()
    start.attempt()
    assert [start.get(), start.get(), building.runs] == ["built", "built", 1]
    assert lines(capsys) == []


def test_no_garbage_is_searched_for_during_a_start(monkeypatch):
    """What it imports stays, so the search would find next to nothing; after a failure there is garbage to find."""
    enabled, frozen = [], []
    monkeypatch.setattr(lambda_start.gc, "freeze", lambda: frozen.append(len(enabled)))

    def build():
        enabled.append(gc.isenabled())
        if len(enabled) == 1:
            raise OSError

    seconds = iter(range(0, 1000, 100))
    start = Start(build, component="chat", monotonic=lambda: next(seconds))
    start.attempt()
    assert (enabled, frozen, gc.isenabled()) == ([False], [], True)
    start.get()
    assert (enabled, frozen, gc.isenabled()) == ([False, False], [2], True)


def test_failed_starts_do_not_fill_the_memory():
    """A secret may be missing for hours; what one start has built is gone before the next one begins."""
    built, left = [], []

    class Client:
        def __init__(self):
            self.itself = self  # as clients of botocore have such cycles
            built.append(weakref.ref(self))

    def build():
        left.append(sum(each() is not None for each in built))
        client = Client()
        raise OSError(client.__class__.__name__)

    seconds = iter(range(0, 10_000, 100))
    start = Start(build, component="chat", monotonic=lambda: next(seconds))
    for _ in range(3):
        start.attempt()
    assert left == [0, 0, 0]


def test_a_failure_is_kept_for_the_events(capsys):
    """The init phase goes on; an event soon afterwards is told so without another attempt."""
    building = Building(ConfigurationError("the secret 'key' can't be read"))
    start = building.start()
    start.attempt()
    building.seconds += RETRY_SECONDS - 0.1
    with pytest.raises(StartError):
        start.get()
    assert building.runs == 1
    [line] = lines(capsys)
    assert (line["event"], line["level"], line["component"]) == ("start_failed", "error", "chat")
    assert line["error"] == "ConfigurationError: the secret 'key' can't be read"
    assert "test_lambda_start.py" in line["exception"]


def test_a_later_event_tries_again(capsys):
    """A cause that is gone stops no further event; each attempt that fails is logged once."""
    building = Building(OSError("first"), OSError("second"))
    start = building.start()
    start.attempt()
    for failures in (2, 2):
        building.seconds += RETRY_SECONDS if building.runs < failures else 0
        with pytest.raises(StartError):
            start.get()
    building.seconds += RETRY_SECONDS
    assert start.get() == "built"
    assert [line["failures"] for line in lines(capsys)] == [1, 2]


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (Settings, "check these variables: A_TABLE_THAT_IS_NOT_SET: Field required"),
        (lambda: __import__("a_library_that_is_missing"), "ModuleNotFoundError: No module named 'a_library_"),
        (lambda: int(f"private{chr(32)}text"), "ValueError"),
    ],
)
def test_the_log_names_the_cause_and_no_value(capsys, build, error):
    """Variables and modules by name; the text of a library's error may contain anything."""
    Start(build, component="chat").attempt()
    [line] = lines(capsys)
    assert line["error"].startswith(error)
    assert "private text" not in json.dumps(line)


@pytest.mark.process
@pytest.mark.parametrize("name", ["chat", "booking", "notifications", "failures"])
def test_a_worker_whose_libraries_are_missing_still_answers(name):
    """Without any library the function can be imported, and reports its event as failed."""
    program = (
        f"import json, workers.{name}.lambda_function as function\n"
        "records = [{'messageId': 'm1', 'receiptHandle': 'r', 'body': '', 'eventSourceARN': 'arn:aws:sqs:eu:1:q'}]\n"
        "print(json.dumps(function.handler({'Records': records}, None)))\n"
    )
    # Without site-packages, and with this checkout on the path.
    command = [sys.executable, "-S", "-c", program]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS, cwd=ROOT)
    assert completed.returncode == 0, completed.stderr
    *logged, answer = map(json.loads, completed.stdout.splitlines())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert [(line["event"], line["component"]) for line in logged] == [
        ("start_failed", name),
        ("records_not_postponed", name),
    ]
    assert logged[0]["error"].startswith("ModuleNotFoundError: No module named")
