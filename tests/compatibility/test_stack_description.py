"""`.stride/stack.json` keeps its keys: other programs find the local stack by them."""

from unittest.mock import Mock

from infra.aws import Target
from infra.local.desk import Desk
from infra.local.interrupts import Interrupts
from infra.local.processes import Children
from infra.local.stack import Options, Stack
from infra.local.stand_ins import StandIns
from tests.compatibility.frozen_names import assert_kept
from tests.infra.template import load


def current_names(folder):
    """Return the description of a stack that has everything; only its keys count."""
    outputs = {name: f"ws://{name}" for name in load()["Outputs"]}
    stand_ins = StandIns("http://calendar/", {}, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://bedrock"}, ())
    children = Children(folder, Interrupts())
    stack = Stack(Options(folder), children, Target(), outputs, "http://site", stand_ins, {})
    stack.desk.append(Desk("http://desk", "token", Mock()))
    described = stack.describe()
    return {name: sorted(value) if isinstance(value, dict) else None for name, value in described.items()}


def test_every_key_is_still_there(tmp_path):
    """A script that a developer wrote for the previous release finds pages, queues and tables."""
    assert_kept("stack_description", current_names(tmp_path), who_depends="scripts around a local stack")
