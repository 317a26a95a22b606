"""docs/uninstall.md lists what the deletion of the stack leaves, and what it deletes."""

import re
from pathlib import Path

from tests.infra.resources import TEMPLATE

PAGE = (Path(__file__).parents[2] / "docs/uninstall.md").read_text(encoding="utf-8")


def by_policy(policy):
    return {name for name, each in TEMPLATE["Resources"].items() if each.get("DeletionPolicy") == policy}


def test_every_retained_resource_is_listed():
    """With its logical id, in the table of what stays; and nothing else."""
    rows = re.findall(r"^\| [^|]+ \| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(by_policy("RetainExceptOnCreate"))


def test_the_deleted_tables_are_named():
    """Their rows are lost: connections, claims, and how far calendars were read."""
    tables = {name for name in by_policy("Delete") if name.endswith("Table")}
    names = re.search(r"and the tables ([^.]+)\.", " ".join(PAGE.split()))[1]
    assert {f"{name.capitalize()}Table" for name in re.findall(r"`(\w+)`", names)} == tables
