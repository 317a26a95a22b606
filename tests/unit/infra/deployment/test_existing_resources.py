"""A table or an identity that no stack owns is used; what belongs to another stack stops the deployment."""

import pytest

from infra.deployment.errors import DeployError
from tests.unit.infra.deployment.operator import EMAIL

TABLE = "AWS::DynamoDB::Table"
IDENTITY = "AWS::SES::EmailIdentity"
KEYS = [
    {"AttributeName": "appointment_id", "KeyType": "HASH"},
    {"AttributeName": "session_id", "KeyType": "RANGE"},
]


@pytest.fixture
def predecessor(operator):
    """The account of the system that this project replaces: a table, an identity, no stack."""
    operator.account.existing[TABLE, "appointments"] = {"KeySchema": KEYS}
    operator.account.existing[IDENTITY, "visits@example.com"] = {}
    return operator


def test_the_predecessors_table_and_identity_are_used(predecessor):
    """AWS would refuse to create them: `appointments already exists`."""
    predecessor.deploy(**EMAIL)
    assert "appointments exists" in predecessor.text
    assert {"AppointmentsTable", "Sender"}.isdisjoint(predecessor.physical_ids())
    assert predecessor.stack.parameters["CreateAppointmentsTable"] == "false"
    assert predecessor.stack.parameters["CreateSenderIdentity"] == "false"
    assert predecessor.stack.status == "CREATE_COMPLETE"


def test_what_the_probe_may_not_see_is_refused_by_cloudformation_and_explained(predecessor):
    """The creation is rolled back; the error names the resource and says what to do."""
    predecessor.account.refuse("dynamodb", "describe_table", "AccessDeniedException", "no", times=99)
    with pytest.raises(DeployError, match=r"(?s)ROLLBACK_COMPLETE.*AppointmentsTable.*already exists.*--import"):
        predecessor.deploy(**EMAIL)


def test_a_named_parameter_makes_it_part_of_the_stack(predecessor):
    """`true` for a table that exists imports it."""
    predecessor.deploy(CreateAppointmentsTable="true")
    assert predecessor.physical_ids()["AppointmentsTable"] == "appointments"


def test_a_second_deployment_uses_them_still(predecessor):
    """The decisions are made again and change nothing."""
    predecessor.deploy(**EMAIL)
    predecessor.deploy()
    assert "Nothing changes" in predecessor.text


def test_what_the_stack_owns_stays_in_it(deployed):
    """A table that exists because the stack created it is no reason to let it go."""
    deployed.deploy()
    assert {"AppointmentsTable", "Sender"} <= set(deployed.physical_ids())
    assert deployed.stack.parameters["CreateAppointmentsTable"] == "true"


def test_a_table_with_other_keys_stops_the_deployment(predecessor):
    """Every access would fail; the finding names the keys of both."""
    predecessor.account.existing[TABLE, "appointments"] = {"KeySchema": KEYS[:1]}
    with pytest.raises(DeployError, match="BLOCKED"):
        predecessor.deploy()
    assert "the table appointments has the keys appointment_id (HASH)" in predecessor.text
    assert "session_id (RANGE)" in predecessor.text
    assert predecessor.account.called("create_change_set") == []
    assert ("AWS::S3::Bucket", "stride-code-111122223333-eu-central-1") not in predecessor.account.existing


def test_a_table_of_another_stack_is_named_with_its_stack(deployed):
    """A second stack in the account needs another prefix."""
    with pytest.raises(DeployError, match="BLOCKED"):
        deployed.deploy(stack="second")
    assert "stride-slots belongs to the stack stride" in deployed.text
    deployed.deploy(stack="second", Prefix="second")
    assert deployed.account.cloudformation.stack("second").status == "CREATE_COMPLETE"
    assert "warning AppointmentsTable: appointments belongs to the stack stride" in deployed.text


def test_a_new_sender_that_ses_knows_already_is_used(deployed):
    """The identity of the old sender leaves the stack and is retained."""
    deployed.account.existing[IDENTITY, "new@example.com"] = {}
    deployed.deploy(SesFromEmail="new@example.com")
    assert deployed.stack.parameters["CreateSenderIdentity"] == "false"
    assert (IDENTITY, "visits@example.com") in deployed.account.existing


def test_a_new_sender_that_ses_does_not_know_is_created(predecessor):
    """Also after a sender that was only used."""
    predecessor.deploy(**EMAIL)
    predecessor.deploy(SesFromEmail="new@example.com")
    assert predecessor.physical_ids()["Sender"] == "new@example.com"


def test_without_permission_to_look_the_deployment_goes_on(operator):
    """A probe that may not look says so, and names the permission."""
    operator.account.refuse("dynamodb", "describe_table", "AccessDeniedException", "no", times=99)
    operator.deploy()
    assert "unknown AppointmentsTable: no permission to look" in operator.text
    assert operator.stack.status == "CREATE_COMPLETE"


def test_a_named_decision_is_not_changed(operator):
    """Who names the parameter knows what the probe does not."""
    operator.deploy(CreateAppointmentsTable="false")
    assert "AppointmentsTable" not in operator.physical_ids()


def test_a_bucket_of_somebody_else_is_reported(operator):
    """Bucket names are unique across accounts."""
    operator.account.refuse("s3", "head_bucket", "403", "Forbidden")
    with pytest.raises(DeployError, match="this identity may not use it"):
        operator.deploy()
