"""A stack that was deleted and is deployed again works on the same tables, bucket, secrets and parameters."""

from datetime import timedelta

import pytest

from api_gateway_ws.auth import SessionTokens
from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.email_links import Links
from tests.fakes.clock import NOON

RETAINED = {
    *("AppointmentsTable", "SlotsTable", "LimitsTable", "SuppressionsTable", "ConversationsTable", "UsageTable"),
    *("FailuresTable", "KnowledgeBucket", "SessionKey", "CodeKey", "FailuresKey", "Sender"),
}


@pytest.fixture
def deleted(deployed):
    """An operator who has deployed and deleted the stack, with the ids that it had."""
    deployed.ids = {name: each for name, each in deployed.physical_ids().items() if name in RETAINED}
    assert set(deployed.ids) == RETAINED
    deployed.delete()
    return deployed


def retained_ids(operator):
    return {name: each for name, each in operator.physical_ids().items() if name in RETAINED}


def test_what_was_retained_is_imported_and_everything_else_is_added(deleted):
    """One question about both; the ids are those of before."""
    deleted.deploy()
    [question] = deleted.questions
    assert question.startswith("Import these, and then add the other ")
    assert "= IMPORT SessionKey (AWS::SecretsManager::Secret)" in deleted.text
    assert "+ ChatQueue (AWS::SQS::Queue)" in deleted.text
    assert retained_ids(deleted) == deleted.ids
    assert deleted.stack.status == "UPDATE_COMPLETE"
    assert deleted.stack.is_protected


def test_the_parameters_of_the_deleted_stack_are_used_again(deleted):
    """E-mail is not turned off by the deletion."""
    deleted.deploy()
    assert deleted.stack.parameters["SesFromEmail"] == "visits@example.com"


def test_tokens_links_and_payloads_made_before_are_read_after(deployed):
    """The secrets keep their values, whatever their template generates."""
    token = SessionTokens([deployed.secret("SessionKey")]).issue("salon", "session", NOON)
    link = Links(deployed.secret("CodeKey").encode()).issue(
        "cancel", tenant="salon", appointment_id="a", session_id="s", expires_at=NOON + timedelta(days=1)
    )
    stored = PayloadCipher([deployed.secret("FailuresKey")]).encrypt("what a visitor wrote")
    deployed.delete()
    deployed.deploy()
    assert SessionTokens([deployed.secret("SessionKey")]).verify(token, "salon", NOON).session_id == "session"
    assert Links(deployed.secret("CodeKey").encode()).verify(link, tenant="salon")
    assert PayloadCipher([deployed.secret("FailuresKey")]).decrypt(stored) == "what a visitor wrote"


def test_the_record_of_the_last_deployment_is_enough(deleted):
    """CloudFormation forgets a deleted stack after 90 days."""
    deleted.account.cloudformation.stacks.clear()
    deleted.deploy()
    assert "found by the record of the last deployment" in deleted.text
    assert retained_ids(deleted) == deleted.ids
    assert deleted.stack.parameters["SesFromEmail"] == "visits@example.com"


def test_the_deleted_stack_is_enough(deleted):
    """A stack of the release before has no record."""
    for bucket, key in list(deleted.account.objects):
        if key.startswith("deployments/"):
            del deleted.account.objects[bucket, key]
    deleted.deploy()
    assert "found by the deleted stack" in deleted.text
    assert retained_ids(deleted) == deleted.ids


def test_the_tags_and_the_names_of_the_tables_are_enough(deleted):
    """Neither the stack nor a record is there; the sender is used, because nobody knows whose it was."""
    deleted.account.cloudformation.stacks.clear()
    deleted.account.objects.clear()
    deleted.deploy(SesFromEmail="visits@example.com", CreateAppointmentsTable="true")
    assert retained_ids(deleted) == {name: each for name, each in deleted.ids.items() if name != "Sender"}
    assert deleted.stack.parameters["CreateSenderIdentity"] == "false"


def test_a_secret_can_be_named_when_nothing_knows_it(deleted):
    """Someone may have removed the tags."""
    deleted.account.cloudformation.stacks.clear()
    deleted.account.objects.clear()
    key = deleted.ids["SessionKey"]
    del deleted.account.existing["AWS::SecretsManager::Secret", key]["stack"]
    deleted.deploy_with(Request("stride", imports={"SessionKey": key}))
    assert deleted.physical_ids()["SessionKey"] == key


def test_a_name_that_cannot_be_imported_is_refused(deleted):
    """The error lists what can be."""
    with pytest.raises(DeployError, match=r"--import ChatQueue: .*SessionKey"):
        deleted.deploy_with(Request("stride", imports={"ChatQueue": "stride-chat.fifo"}))


def test_an_import_of_what_the_stack_has_is_refused(deployed):
    """The value of another secret would not be the one with which everything was signed."""
    with pytest.raises(DeployError, match="--import SessionKey: the stack has one already"):
        deployed.deploy_with(Request("stride", imports={"SessionKey": "arn"}))


def test_a_retained_secret_that_is_being_deleted_stops_the_deployment(deleted):
    """With another secret nothing of before could be read; the command that restores it is in the finding."""
    secret = deleted.account.existing["AWS::SecretsManager::Secret", deleted.ids["SessionKey"]]
    secret["deleted"] = NOON
    with pytest.raises(DeployError, match="BLOCKED"):
        deleted.deploy()
    assert f"restore-secret --secret-id {deleted.ids['SessionKey']}" in deleted.text
    assert deleted.account.cloudformation.stacks[-1].status == "DELETE_COMPLETE"


def test_a_retained_resource_that_is_gone_is_created(deleted):
    """Someone has deleted it by hand."""
    del deleted.account.existing["AWS::DynamoDB::Table", "stride-usage"]
    deleted.deploy()
    assert "stride-usage is gone" in deleted.text
    assert ("AWS::DynamoDB::Table", "stride-usage") in deleted.account.existing


def test_another_prefix_than_before_is_refused(deleted):
    """The tables of before could not be in that stack."""
    with pytest.raises(DeployError, match="BLOCKED"):
        deleted.deploy(Prefix="other")
    assert "stride-slots was retained, and the parameters name other-slots" in deleted.text


def test_another_sender_or_table_than_before_is_what_is_wanted_now(deleted):
    """The retained ones stay in the account."""
    deleted.deploy(SesFromEmail="new@example.com", AppointmentsTableName="others")
    assert deleted.physical_ids()["Sender"] == "new@example.com"
    assert deleted.physical_ids()["AppointmentsTable"] == "others"
    assert ("AWS::DynamoDB::Table", "appointments") in deleted.account.existing


def test_a_retained_secret_that_cannot_be_looked_at_stops_the_deployment(deleted):
    """A new one has another name, so CloudFormation would not refuse it."""
    deleted.account.refuse("secretsmanager", "describe_secret", "AccessDeniedException", "no", times=99)
    with pytest.raises(DeployError, match="BLOCKED"):
        deleted.deploy()
    assert "was retained, and can't be looked at" in deleted.text


def test_without_permission_for_deleted_stacks_and_tags_the_record_is_used(deleted):
    """The two other sources are reported with the permissions that they need."""
    deleted.account.refuse("cloudformation", "list_stacks", "AccessDenied", "no", times=9)
    deleted.account.refuse("resourcegroupstaggingapi", "get_resources", "AccessDeniedException", "no", times=9)
    deleted.deploy()
    assert "cloudformation:ListStacks" in deleted.text
    assert "tag:GetResources" in deleted.text
    assert retained_ids(deleted) == deleted.ids


def test_a_failure_after_the_import_is_repeated_without_a_loss(deleted):
    """The imported resources are in the stack; the next deployment adds the rest."""
    deleted.account.cloudformation.fail("Api", "Rate exceeded")
    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_COMPLETE"):
        deleted.deploy()
    assert retained_ids(deleted) == deleted.ids
    deleted.deploy()
    assert retained_ids(deleted) == deleted.ids
    assert "ChatQueue" in deleted.physical_ids()
    assert deleted.stack.parameters["SesFromEmail"] == "visits@example.com"


def test_deleting_and_deploying_twice_works_like_once(deleted):
    """The newest deleted stack counts."""
    deleted.deploy()
    deleted.delete()
    deleted.deploy()
    assert retained_ids(deleted) == deleted.ids


def test_a_secret_parameter_must_be_named_again(deployed):
    """CloudFormation shows it as asterisks, and it went with the stack."""
    deployed.template = deployed.folder / "template.yaml"
    secret = 'Parameters:\n  Hidden: {Type: String, NoEcho: true, Default: ""}\n'
    deployed.template.write_text(deployed.stack.template.text.replace("Parameters:\n", secret, 1))
    deployed.deploy(Hidden="very-secret")
    assert "Hidden: new, ****" in deployed.text
    assert not [key for key, body in deployed.account.objects.items() if b"very-secret" in body]
    deployed.delete()
    deployed.deploy()
    assert "Hidden went with the stack" in deployed.text
    assert deployed.stack.parameters["Hidden"] == ""
