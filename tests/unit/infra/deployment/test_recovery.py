"""A deployment that failed: its reasons, and what the next one does before it goes on."""

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from tests.unit.infra.deployment.operator import EMAIL


def test_a_failed_update_is_rolled_back_with_the_reason_and_can_be_repeated(deployed):
    """The error names resource and reason; the next deployment succeeds."""
    ids = deployed.physical_ids()
    deployed.account.cloudformation.fail("IngressFunction", "User is not authorized to perform: lambda:UpdateFunction")
    with pytest.raises(
        DeployError, match=r"(?s)UPDATE_ROLLBACK_COMPLETE.*IngressFunction.*lacks that permission.*as it was"
    ):
        deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "INFO"
    deployed.deploy(LogLevel="DEBUG")
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"
    assert deployed.physical_ids() == ids


def test_the_reasons_are_those_of_the_last_operation(deployed):
    """The events of a stack reach back to its creation."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "the first reason")
    with pytest.raises(DeployError):
        deployed.deploy(LogLevel="DEBUG")
    cloudformation.fail("ChatFunction", "the second reason")
    with pytest.raises(DeployError, match="the second reason") as failure:
        deployed.deploy(LogLevel="DEBUG")
    assert "the first reason" not in str(failure.value)


def test_a_stack_whose_creation_failed_is_deleted_after_a_question(operator):
    """ROLLBACK_COMPLETE can only be deleted; nothing was ever deployed, so nothing is lost."""
    operator.account.cloudformation.fail("Api", "Rate exceeded")
    with pytest.raises(DeployError, match=r"(?s)ROLLBACK_COMPLETE.*AWS throttled"):
        operator.deploy(**EMAIL)
    operator.deploy(**EMAIL)
    assert operator.questions == ["Do this first?", "Deploy this?"]
    assert "its creation never succeeded" in operator.text
    assert operator.stack.status == "CREATE_COMPLETE"


def test_no_to_the_deletion_keeps_the_failed_stack(operator):
    """The first question is about the deletion alone."""
    operator.account.cloudformation.fail("Api", "Rate exceeded")
    with pytest.raises(DeployError):
        operator.deploy()
    operator.answer = False
    operator.deploy()
    assert operator.stack.status == "ROLLBACK_COMPLETE"


def test_a_failed_rollback_is_continued_before_the_deployment(deployed):
    """UPDATE_ROLLBACK_FAILED: the cause is shown, the rollback continued, and the update made."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "the package is gone", rollback_fails=True)
    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_FAILED"):
        deployed.deploy(LogLevel="DEBUG")
    deployed.deploy(LogLevel="DEBUG")
    assert "IngressFunction (AWS::Lambda::Function): the package is gone" in deployed.text
    assert deployed.questions == ["Do this first?", "Deploy this?"]
    assert deployed.stack.parameters["LogLevel"] == "DEBUG"


def test_nothing_is_skipped_without_a_failed_rollback(deployed):
    """The option would have no effect, so it is refused."""
    with pytest.raises(DeployError, match=r"stride is (UPDATE|CREATE)_COMPLETE"):
        deployed.deploy_with(Request("stride", skip_rollback_of=("IngressFunction",)))


def test_a_resource_whose_rollback_fails_again_is_skipped_by_name_only(deployed):
    """Skipping may leave a difference to the template, so the operator names it."""
    cloudformation = deployed.account.cloudformation
    cloudformation.fail("IngressFunction", "gone", rollback_fails=True)
    with pytest.raises(DeployError):
        deployed.deploy(LogLevel="DEBUG")
    cloudformation.fail("IngressFunction", "still gone", rollback_fails=True)
    with pytest.raises(DeployError, match=r"(?s)still gone.*--skip-rollback-of NAME"):
        deployed.deploy()
    with pytest.raises(DeployError, match="only what could not be rolled back"):
        deployed.deploy_with(Request("stride", skip_rollback_of=("ChatQueue",)))
    deployed.deploy_with(Request("stride", skip_rollback_of=("IngressFunction",)))
    assert deployed.stack.status == "UPDATE_ROLLBACK_COMPLETE"
