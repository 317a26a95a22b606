"""The deployment of a release: the first one, the same again, and changed parameters."""

import pytest

from infra.deployment.errors import DeployError
from tests.unit.infra.deployment.operator import EMAIL


def test_the_first_deployment_creates_the_stack_after_a_question(operator):
    """The plan lists what is added, one question is asked, and the stack has tags and protection afterwards."""
    outputs = operator.deploy(**EMAIL)
    assert operator.questions == ["Deploy this?"]
    assert "+ ChatQueue (AWS::SQS::Queue)" in operator.text
    assert outputs["WebSocketUrl"].startswith("wss://")
    assert operator.stack.tags == {"Project": "stride-chat"}
    assert operator.stack.is_protected


def test_a_second_deployment_with_a_parameter_left_out_changes_nothing(deployed):
    """E-mail stays on although the sender is not named again, and no id changes."""
    ids, executed = deployed.physical_ids(), len(deployed.account.called("execute_change_set"))
    outputs = deployed.deploy()
    assert "Nothing changes" in deployed.text
    assert outputs["SesConfigurationSet"]
    assert deployed.questions == []
    assert len(deployed.account.called("execute_change_set")) == executed
    assert deployed.stack.parameters["SesFromEmail"] == "visits@example.com"
    assert deployed.physical_ids() == ids


def test_a_changed_parameter_changes_that_alone(deployed):
    """The plan says old and new value and which functions change; data keeps its ids."""
    ids = deployed.physical_ids()
    deployed.deploy(LogLevel="DEBUG")
    assert "LogLevel: INFO -> DEBUG" in deployed.text
    assert "~ IngressFunction (AWS::Lambda::Function): Environment" in deployed.text
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"
    assert deployed.stack.parameters["SesFromEmail"] == "visits@example.com"
    assert deployed.physical_ids() == ids


def test_tags_that_somebody_has_added_stay(deployed):
    """A change set replaces all tags of the stack."""
    deployed.stack.tags["CostCenter"] = "7"
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.tags == {"CostCenter": "7", "Project": "stride-chat"}


def test_an_empty_value_empties_a_parameter(deployed):
    """`NAME=` is the way to turn something off again; the sender's identity is retained."""
    deployed.deploy(SesFromEmail="")
    assert "SesFromEmail: visits@example.com -> (empty)" in deployed.text
    assert "- LEAVE BEHIND Sender" in deployed.text
    assert deployed.stack.parameters["SesFromEmail"] == ""
    assert ("AWS::SES::EmailIdentity", "visits@example.com") in deployed.account.existing


def test_a_new_parameter_of_the_template_takes_its_default(deployed):
    """A stack of the release before has no value for it."""
    deployed.template = deployed.folder / "template.yaml"
    text = deployed.stack.template.text
    deployed.template.write_text(text.replace("Parameters:\n", "Parameters:\n  New: {Type: String, Default: x}\n", 1))
    deployed.deploy()
    assert "New: new, x (default)" in deployed.text
    assert deployed.stack.parameters["New"] == "x"


def test_an_unknown_parameter_is_refused_with_the_nearest_name(operator):
    """Nothing is asked of the account before."""
    with pytest.raises(DeployError, match=r"no parameter SesFromMail: did you mean SesFromEmail\?"):
        operator.deploy(SesFromMail="visits@example.com")
    assert operator.account.calls == []


def test_the_key_of_a_package_is_no_parameter_of_the_operator(deployed):
    """The tool names the packages; another version is restored."""
    with pytest.raises(DeployError, match="IngressCodeKey"):
        deployed.deploy(IngressCodeKey="other.zip")
