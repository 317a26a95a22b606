"""Retention times are defined in one module; the page and the template agree with it."""

import ast
import itertools
import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared import retention
from tests.infra.resources import QUEUES, TABLES, TEMPLATE
from tests.infra.template import of_type

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
TIMES = {name: value for name, value in vars(retention).items() if isinstance(value, timedelta)}
UNITS = {"days": 24 * 60, "day": 24 * 60, "hours": 60, "minutes": 1}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
PACKAGES = ("api_gateway_ws", "shared", "workers", "ops")


def duration(text):
    """Parse a duration such as `2 hours 10 minutes`."""
    words = text.split()
    return timedelta(minutes=sum(int(n) * UNITS[unit] for n, unit in zip(words[::2], words[1::2], strict=True)))


def test_the_page_lists_each_time_once_with_its_length():
    """The page lists exactly the constants of the module."""
    listed = [(row[2].strip("`"), duration(row[3])) for row in ROWS if len(row) == 7 and row[2].startswith("`")]
    assert sorted(listed) == sorted(TIMES.items())


def test_the_page_names_every_table_of_the_template():
    """A new table must be on the page, with the retention of its rows."""
    named = {row[1].removeprefix("table ").strip("`") for row in ROWS if row[1].startswith("table ")}
    assert named == {name.removesuffix("Table").lower() for name in TABLES}


def reasons():
    """Return the docstring of each constant, without links."""
    body = ast.parse((ROOT / "shared" / "retention.py").read_text(encoding="utf-8")).body
    for one, following in itertools.pairwise(body):
        if isinstance(one, ast.Assign):
            assert isinstance(following, ast.Expr), f"{ast.unparse(one)} has no docstring"
            text = re.sub(r"\s*\(https?://[^)]*\)", "", ast.literal_eval(following.value))
            yield ast.unparse(one.targets[0]), " ".join(text.split())


def test_the_page_gives_each_reason():
    """The reason on the page is the docstring of the constant, and every constant has one."""
    listed = {row[2].strip("`"): row[5] for row in ROWS if len(row) == 7 and row[2].startswith("`")}
    assert listed == dict(reasons())
    assert all(listed.values())


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_every_queue_keeps_its_messages_as_long_as_the_module_says(name):
    """CloudFormation's default would be four days."""
    kept = timedelta(seconds=QUEUES[name]["Properties"]["MessageRetentionPeriod"])
    assert kept == retention.QUEUED_MESSAGE_RETENTION


def test_every_log_group_ends_after_the_parameter_and_that_is_the_modules_by_default():
    """A log group without a retention time would be kept for ever."""
    groups = of_type(TEMPLATE, "AWS::Logs::LogGroup")
    assert groups
    assert {str(each["Properties"].get("RetentionInDays")) for each in groups.values()} == {
        str({"Ref": "LogRetentionDays"})
    }
    assert timedelta(days=TEMPLATE["Parameters"]["LogRetentionDays"]["Default"]) == retention.LOG_RETENTION


def test_no_other_module_sets_a_retention_time():
    """No other module has a constant for a retention time or computes `expires_at` from a literal."""
    found = []
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        if path == ROOT / "shared" / "retention.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and "timedelta(" in ast.unparse(node.value):
                names = [ast.unparse(target).upper() for target in node.targets]
                found += [f"{path}: {name}" for name in names if "RETENTION" in name or "LIFETIME" in name]
            if isinstance(node, ast.Dict):
                found += [
                    f"{path}: {ast.unparse(value)}"
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value in {"expires_at", ":expires"}
                    and ("timedelta" in (text := ast.unparse(value)) or "timestamp()" in text)
                ]
    assert found == []
