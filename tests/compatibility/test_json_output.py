"""`stride ... --json` keeps its keys and values: other programs read them."""

import json

import pytest
from structlog.testing import capture_logs

from ops.desk.domain.values import Forecast, ForecastKind, NotPossibleReason
from shared.ledger.failures import FailureState
from tests.compatibility.frozen_names import assert_kept, frozen
from tests.fakes.clock import NOON
from tests.unit.ops.cli.conftest import Terminal

COMMANDS = {
    "failures list": ("failures", "list"),
    "failures show": ("failures", "show", "ID"),
    "failures show --unmask": ("failures", "show", "ID", "--unmask"),
    "failures show of a running replay": ("failures", "show", "REPLAYING"),
    "failures stats": ("failures", "stats"),
    "failures retry --dry-run": ("failures", "retry", "--all", "--dry-run"),
    "failures retry": ("failures", "retry", "ID"),
    "failures erase": ("failures", "erase", "--session", "s1", "--yes"),
    "doctor": ("doctor",),
    "status": ("status",),
}


def keys(value):
    """Return the keys of a JSON value at every depth; those of all entries of a list together."""
    if isinstance(value, dict):
        return {name: keys(inner) for name, inner in value.items()}
    if isinstance(value, list):
        merged = {}
        for entry in map(keys, value):
            merged |= entry if isinstance(entry, dict) else {}
        return merged
    return None


def current_output(name):
    """Return what a command prints about a failure whose time is taken, as JSON."""
    terminal = Terminal()
    failure_id = terminal.failed("k1")
    terminal.world.forecaster.by_failure[failure_id] = Forecast(ForecastKind.OCCUPIED, start=NOON, alternatives=[NOON])
    replaying = ""
    if "REPLAYING" in COMMANDS[name]:
        replaying = terminal.failed("k2")
        terminal.run("failures", "retry", replaying)
    arguments = [{"ID": failure_id, "REPLAYING": replaying}.get(each, each) for each in COMMANDS[name]]
    with capture_logs():
        return terminal.json(*arguments)


def current_keys(name):
    """Return the keys of a command's output."""
    return keys(current_output(name))


def watched():
    """Return one line of `stride failures watch`."""
    terminal = Terminal()
    terminal.failed("k1")
    done = terminal.run("failures", "watch", "--looks", "1", "--json")
    return keys(json.loads(done.stdout))


def current_values():
    """Return the values that the output takes from closed vocabularies."""
    return {"forecast": list(ForecastKind), "not_possible": list(NotPossibleReason), "state": list(FailureState)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_key_is_still_printed(name):
    """Whatever the fields are called inside."""
    gone = {name: current_keys(name)}
    assert frozen("json_output")[name]
    assert_kept("json_output", {**frozen("json_output"), **gone}, who_depends="programs that read `stride --json`")


def test_every_key_of_a_watched_line_is_still_printed():
    """One object a line."""
    current = {**frozen("json_output"), "failures watch": watched()}
    assert_kept("json_output", current, who_depends="programs that read `stride failures watch --json`")


def test_every_value_is_still_printed():
    """Forecasts, and why something was not done."""
    assert_kept("json_values", current_values(), who_depends="programs that read `stride --json`")
