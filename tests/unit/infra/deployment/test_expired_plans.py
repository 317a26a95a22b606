"""Something else changes the stack at the same time, or AWS throttles: plans are made again."""

import pytest

from infra.deployment.errors import DeployError


def test_the_first_plan_that_expires_is_made_again(operator):
    """The empty stack of the first plan is deleted before."""
    operator.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound")
    operator.deploy()
    assert operator.stack.status == "CREATE_COMPLETE"


@pytest.mark.parametrize("code", ["ChangeSetNotFound", "InvalidChangeSetStatus"])
def test_an_expired_plan_is_made_again_without_a_second_question(deployed, code):
    """The same changes were confirmed; the new plan is executed."""
    deployed.account.refuse("cloudformation", "execute_change_set", code, "expired")
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.questions == ["Deploy this?"]
    assert "the plan is made again" in deployed.text
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_plan_that_expires_with_other_changes_is_asked_about_again(deployed):
    """What was confirmed is not what would be done now."""
    original = deployed.account.cloudformation.execute_change_set

    def expire(**arguments):
        deployed.account.cloudformation.execute_change_set = original
        deployed.stack.tags = {}
        deployed.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound")
        return deployed.account.call("cloudformation", "execute_change_set", arguments)

    deployed.account.cloudformation.execute_change_set = expire
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.questions == ["Deploy this?", "Deploy this?"]


def test_a_stack_that_keeps_changing_is_given_up(deployed):
    """Three expired plans are enough."""
    deployed.account.refuse("cloudformation", "execute_change_set", "ChangeSetNotFound", times=9)
    with pytest.raises(DeployError, match="keeps changing"):
        deployed.deploy(LogLevel="DEBUG")
    assert deployed.account.cloudformation.change_sets == {}


def test_a_throttled_poll_does_not_end_the_wait(deployed):
    """The operation goes on at AWS whatever a poll says."""
    deployed.account.refuse("cloudformation", "describe_change_set", "Throttling", "Rate exceeded", times=2)
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_a_name_of_a_change_set_that_exists_is_replaced_by_another(deployed):
    """Two operators may start in the same second."""
    deployed.account.refuse("cloudformation", "create_change_set", "AlreadyExistsException", "exists")
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_an_operation_in_progress_is_not_disturbed(deployed):
    """The error says what runs and how it can be stopped."""
    deployed.stack.statuses = ["UPDATE_IN_PROGRESS"]
    with pytest.raises(DeployError, match=r"UPDATE_IN_PROGRESS.*cancel-update-stack --stack-name stride"):
        deployed.deploy()


def test_an_operation_that_begins_during_the_survey_is_not_disturbed(deployed):
    """Two operators deploy: the second one learns that it was not its template."""
    reason = "Stack:stride is in UPDATE_IN_PROGRESS state and can not be updated."
    deployed.account.refuse("cloudformation", "create_change_set", "ValidationError", reason)
    with pytest.raises(DeployError, match=r"UPDATE_IN_PROGRESS state.*deploy again when that has ended"):
        deployed.deploy(LogLevel="DEBUG")


def test_a_stack_in_review_may_be_somebody_elses_first_deployment(operator):
    """Before it is deleted, the operator is told so."""
    operator.account.cloudformation.add("stride")
    operator.answer = False
    operator.deploy()
    assert "Perhaps somebody else is deploying it just now" in operator.text
    assert operator.account.cloudformation.stack("stride").status == "REVIEW_IN_PROGRESS"
