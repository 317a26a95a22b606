"""The page about permissions lists the policies and statements of the template."""

from pathlib import Path

from tests.infra.resources import TEMPLATE
from tests.infra.template import of_type, statements

PAGE = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
STATED = [(name, statement.get("Sid")) for name, statement in statements(TEMPLATE) if name != "DeployRole"]


def test_every_statement_is_on_the_page_in_the_order_of_the_template():
    """A new statement needs its reason there."""
    assert [(row[0].strip("`"), row[1].strip("`")) for row in ROWS] == STATED


def test_the_names_of_statements_are_unique_in_a_role():
    """They are told apart by them in the record of the enforced run; IAM allows no punctuation in a name.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    inside = {name: [sid for owner, sid in STATED if owner == name] for name, _sid in STATED}
    for name, role in of_type(TEMPLATE, "AWS::IAM::Role").items():
        attached = [reference["Ref"] for reference in role["Properties"].get("ManagedPolicyArns", ())]
        sids = [sid for owner in (name, *attached) for sid in inside.get(owner, ())]
        assert len(set(sids)) == len(sids), name
        assert all(sid and sid.isalnum() for sid in sids), name


def test_the_page_names_the_policies_that_each_role_has_in_common():
    """They stand above the table of each role, in the order of the template."""
    for name, role in of_type(TEMPLATE, "AWS::IAM::Role").items():
        attached = [f"`{reference['Ref']}`" for reference in role["Properties"].get("ManagedPolicyArns", ())]
        if attached:
            [section] = [part for part in PAGE.split("\n## ") if f"| `{name}` |" in part]
            assert f"Has {', '.join(attached[:-1])} and {attached[-1]}." in section
