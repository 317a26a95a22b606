"""Choosing the value of every parameter."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.parameters import Choice, choose_parameters, parse_pairs
from infra.deployment.template import Template
from tests.unit.infra.deployment.operator import TEMPLATE as PATH

TEMPLATE = Template(PATH.read_text(encoding="utf-8"))


def test_a_kept_parameter_is_not_sent_with_its_value():
    """CloudFormation knows it; we may see asterisks."""
    choice = choose_parameters(TEMPLATE, previous={"Prefix": "x", "Gone": "y"}, values={"LogLevel": ""})
    assert choice.request() == [
        {"ParameterKey": "LogLevel", "ParameterValue": ""},
        {"ParameterKey": "Prefix", "UsePreviousValue": True},
    ]


@pytest.mark.parametrize("pair", ["Prefix", "=x"])
def test_a_parameter_without_name_or_value_is_refused(pair):
    with pytest.raises(DeployError, match="does not look like A=b"):
        parse_pairs([pair], example="A=b")


def test_a_value_may_have_equal_signs():
    assert parse_pairs(["A=b=c", "D="], example="") == {"A": "b=c", "D": ""}


def test_a_choice_has_the_value_of_every_parameter():
    values = Choice({"Prefix": "x"}, {"LogLevel": "DEBUG"}).values(TEMPLATE)
    assert (values["Prefix"], values["LogLevel"], values["StageName"]) == ("x", "DEBUG", "live")
