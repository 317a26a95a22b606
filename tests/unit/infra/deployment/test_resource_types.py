"""What a deployment assumes about resource types holds in the schemas of CloudFormation."""

import pytest

from infra.deployment.cloudformation.change_set import IDENTIFIERS
from tests.fakes.aws_account.schemas import identifier, schema, takes_tags
from tests.infra.template import load

TYPES = sorted({each["Type"] for each in load()["Resources"].values()})


@pytest.mark.parametrize("kind", sorted(IDENTIFIERS))
def test_an_imported_type_is_identified_as_aws_does(kind):
    """CloudFormation imports a type that can be read, by its primary identifier."""
    assert identifier(kind) == (IDENTIFIERS[kind],)
    assert "read" in schema(kind)["handlers"]


def test_everything_that_is_retained_can_be_imported():
    """Otherwise a stack could not be deployed again after its deletion."""
    retained = {each["Type"] for each in load()["Resources"].values() if "Retain" in each.get("DeletionPolicy", "")}
    assert retained == set(IDENTIFIERS)


@pytest.mark.parametrize("kind", TYPES)
def test_a_changed_tag_replaces_no_resource(kind):
    """The tags of the stack are new for a stack of the release before."""
    if takes_tags(kind):
        name = schema(kind)["tagging"].get("tagProperty", "/properties/Tags")
        assert not [path for path in schema(kind).get("createOnlyProperties", ()) if path.startswith(name)]
        assert schema(kind)["tagging"]["tagUpdatable"]
