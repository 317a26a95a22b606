"""Reading a template: its resources under given parameters, and the values of its expressions."""

import pytest

from infra.deployment.template import Template
from tests.infra.template import load
from tests.unit.infra.deployment.operator import TEMPLATE as PATH

TEMPLATE = Template(PATH.read_text(encoding="utf-8"))


def test_the_template_is_read_as_the_tests_read_it():
    """Short forms become long forms."""
    assert TEMPLATE.content == load()


def test_conditions_decide_which_resources_exist():
    """Pools need no functions of workers; without a sender there is no identity."""
    resources = TEMPLATE.resources(TEMPLATE.values({"Workers": "pools"}))
    assert "ChatFunction" not in resources
    assert "Sender" not in resources
    assert "IngressFunction" in resources
    assert "Sender" in TEMPLATE.resources(TEMPLATE.values({"SesFromEmail": "a@example.com"}))


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("plain", "plain"),
        ({"Ref": "Prefix"}, "stride"),
        ({"Fn::Sub": "${Prefix}-slots"}, "stride-slots"),
        ({"Fn::If": ["OnAws", "yes", "no"]}, "yes"),
        ({"Ref": "ChatQueue"}, None),
        ({"Fn::Sub": "${Api}-x"}, None),
        ({"Fn::GetAtt": ["ChatQueue", "Arn"]}, None),
        (None, None),
    ],
)
def test_an_expression_of_parameters_is_resolved(expression, text):
    """A reference to a resource has no value yet."""
    assert TEMPLATE.resolve(expression, TEMPLATE.values({})) == text


def test_the_template_of_an_import_has_the_resources_alone():
    """No outputs, which an import may not add; each resource keeps its deletion policy."""
    content = Template(TEMPLATE.only(["SlotsTable"])).content
    assert set(content["Resources"]) == {"SlotsTable"}
    assert content["Resources"]["SlotsTable"] == TEMPLATE.content["Resources"]["SlotsTable"]
    assert "Outputs" not in content
