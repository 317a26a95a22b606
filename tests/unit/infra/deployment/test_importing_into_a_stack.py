"""What an update once left behind, and what no stack owns, is imported into the stack that exists."""

import json

import pytest

from infra.deployment.cloudformation.import_template import add_imported_resources
from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from infra.deployment.template import Template
from tests.infra.template import load
from tests.unit.infra.deployment.operator import EMAIL, TEMPLATE

TABLE = "AWS::DynamoDB::Table"
DESK = {"DeskPublicUrl": "https://desk.example.com", "DeskDomainPrefix": "desk"}
WITHOUT_TABLE = {"CreateAppointmentsTable": "false"}
RETAINED = sorted(name for name, each in load()["Resources"].items() if "Retain" in each.get("DeletionPolicy", ""))


@pytest.fixture
def without_table(deployed):
    """An operator whose stack has left its table of appointments behind."""
    deployed.deploy_with(Request("stride", WITHOUT_TABLE, replaceable=("AppointmentsTable",)))
    assert "AppointmentsTable" not in deployed.physical_ids()
    return deployed


@pytest.fixture
def without_desk(deployed):
    """An operator whose desk had accounts, which the stack has left behind."""
    deployed.deploy(**DESK)
    deployed.pool = deployed.physical_ids()["DeskUsers"]
    deployed.deploy_with(Request("stride", dict.fromkeys(DESK, ""), replaceable=("DeskUsers",)))
    assert "DeskUsers" not in deployed.physical_ids()
    return deployed


def test_a_table_that_was_left_behind_is_imported_and_then_the_stack_is_updated(without_table):
    """Two plans and two questions: an import may change nothing else. The rows and all other ids stay."""
    ids = without_table.physical_ids()
    without_table.deploy(CreateAppointmentsTable="true", LogLevel="DEBUG")
    assert without_table.questions == ["Import these first?", "Deploy this?"]
    assert "= IMPORT AppointmentsTable (AWS::DynamoDB::Table)" in without_table.text
    assert without_table.physical_ids() == {**ids, "AppointmentsTable": "appointments"}
    assert without_table.stack.parameters["CreateAppointmentsTable"] == "true"
    assert without_table.stack.parameters["LogLevel"] == "DEBUG"
    assert without_table.stack.parameters["SesFromEmail"] == EMAIL["SesFromEmail"]
    without_table.deploy()
    assert "Nothing changes" in without_table.text


def test_the_import_changes_nothing_else(without_table):
    """Its template is the deployed one; the account in memory refuses any other change, as CloudFormation does."""
    without_table.template = without_table.folder / "template.yaml"
    text = TEMPLATE.read_text(encoding="utf-8")
    without_table.template.write_text(text.replace("MemorySize: 1024", "MemorySize: 1536"))
    without_table.deploy(CreateAppointmentsTable="true")
    [imported] = [each for each in without_table.account.called("create_change_set") if "ResourcesToImport" in each]
    assert "Tags" not in imported
    assert all(each["UsePreviousValue"] for each in imported["Parameters"])
    assert without_table.stack.resources["ChatFunction"].properties["MemorySize"] == 1536


def test_accounts_of_the_desk_that_were_left_behind_are_found_by_their_tags(without_desk):
    """A new pool has another generated name, so CloudFormation would create an empty one without a word."""
    without_desk.deploy(**DESK)
    assert without_desk.physical_ids()["DeskUsers"] == without_desk.pool


def test_the_parameters_of_the_stack_stay(without_desk):
    """Somebody has changed one in the console, without a record; the last record has its former value."""
    without_desk.deploy(LogLevel="DEBUG")
    del without_desk.account.objects[max(key for key in without_desk.account.objects if "deployments/" in key[1])]
    without_desk.deploy(**DESK)
    assert without_desk.stack.parameters["LogLevel"] == "DEBUG"


def test_they_are_found_by_an_older_record_too(without_desk):
    """The record of the last deployment does not have them, and somebody may have removed the tags."""
    del without_desk.account.existing["AWS::Cognito::UserPool", without_desk.pool]["stack"]
    without_desk.deploy(**DESK)
    assert without_desk.physical_ids()["DeskUsers"] == without_desk.pool


def test_they_can_be_named(without_desk):
    """Nothing knows them any more."""
    del without_desk.account.existing["AWS::Cognito::UserPool", without_desk.pool]["stack"]
    for bucket, key in list(without_desk.account.objects):
        if key.startswith("deployments/"):
            del without_desk.account.objects[bucket, key]
    without_desk.deploy_with(Request("stride", DESK, imports={"DeskUsers": without_desk.pool}))
    assert without_desk.physical_ids()["DeskUsers"] == without_desk.pool


def test_what_a_newer_release_has_left_behind_is_imported_by_it_again(deployed):
    """The older release was restored with its template, and its update removed the new table from the stack."""
    older, newer = TEMPLATE, deployed.folder / "template.yaml"
    text = older.read_text(encoding="utf-8")
    table = text[text.index("  UsageTable:\n") : text.index("  # Failures stay until")]
    newer.write_text(text.replace(table, table + table.replace("Usage", "New").replace("-usage", "-new")))
    deployed.template = newer
    deployed.deploy()
    deployed.template = older
    deployed.deploy_with(Request("stride", replaceable=("NewTable",)))
    deployed.template = newer
    deployed.deploy()
    assert "stride-new exists, and no stack owns it" in deployed.text
    assert deployed.physical_ids()["NewTable"] == "stride-new"


def test_no_to_the_import_changes_nothing(without_table):
    """The change set is deleted, the stack stays."""
    without_table.answer = False
    without_table.deploy(CreateAppointmentsTable="true")
    assert without_table.questions == ["Import these first?"]
    assert without_table.account.cloudformation.change_sets == {}
    assert "AppointmentsTable" not in without_table.physical_ids()


def test_no_to_the_update_keeps_what_was_imported(without_table):
    """The next deployment finds it in the stack."""
    answers = iter([True, False])
    without_table._confirm = lambda _question: next(answers)
    without_table.deploy(CreateAppointmentsTable="true")
    assert without_table.stack.status == "IMPORT_COMPLETE"
    assert without_table.physical_ids()["AppointmentsTable"] == "appointments"
    del without_table._confirm
    without_table.deploy(CreateAppointmentsTable="true")
    assert without_table.questions == ["Deploy this?"]
    assert without_table.stack.status == "UPDATE_COMPLETE"


def test_a_dry_run_says_that_the_import_comes_first(without_table):
    """What the update changes can't be computed before the import."""
    without_table.deploy_with(Request("stride", {"CreateAppointmentsTable": "true"}, is_dry_run=True))
    assert "These are imported first" in without_table.text
    assert "= IMPORT AppointmentsTable" in without_table.text
    assert "AppointmentsTable" not in without_table.physical_ids()


def test_an_import_that_fails_leaves_the_stack_as_it_was(without_table):
    """The reason and the state are in the error; the next deployment imports."""
    without_table.account.cloudformation.fail("AppointmentsTable", "Internal Failure")
    with pytest.raises(DeployError, match=r"(?s)IMPORT_ROLLBACK_COMPLETE.*Internal Failure.*as it was before"):
        without_table.deploy(CreateAppointmentsTable="true")
    without_table.deploy(CreateAppointmentsTable="true")
    assert without_table.physical_ids()["AppointmentsTable"] == "appointments"


def test_another_table_than_the_stacks_own_is_not_imported(deployed):
    """A stack has one resource of a logical id; without the parameter the other table is used."""
    keys = deployed.account.existing[TABLE, "appointments"]
    deployed.account.existing[TABLE, "others"] = keys
    with pytest.raises(DeployError, match="BLOCKED"):
        deployed.deploy(AppointmentsTableName="others", CreateAppointmentsTable="true")
    assert "others exists, and the stack has appointments" in deployed.text


def test_a_deployment_that_lacks_nothing_looks_for_no_remains(deployed):
    """Each push to main deploys, with a role that may look at little."""
    deployed.account.calls.clear()
    deployed.deploy()
    assert deployed.account.called("get_resources") == deployed.account.called("list_stacks") == []


@pytest.mark.parametrize("name", RETAINED)
def test_everything_that_is_retained_can_be_written_without_parameters(name):
    """The import needs no parameter that the deployed template does not have."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    values = template.values({**EMAIL, "SesDomain": "example.com"})
    text = add_imported_resources(Template("Resources: {Api: {Type: T}}"), template, [name], values)
    resources = json.loads(text)["Resources"]
    assert set(resources) == {"Api", name}
    assert set(resources[name]) == {"Type", "DeletionPolicy", "UpdateReplacePolicy", "Properties"}
    assert "Ref" not in json.dumps(resources[name])
    assert "${" not in json.dumps(resources[name])


def test_a_reference_to_another_resource_cannot_be_imported():
    """The error names the property, so that the template is changed."""
    text = "Resources: {Pool: {Type: T, Properties: {Key: !GetAtt Other.Arn}}}"
    with pytest.raises(DeployError, match=r"Pool can't be imported: .*Other"):
        add_imported_resources(Template("Resources: {}"), Template(text), ["Pool"], {})
