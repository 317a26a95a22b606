"""The small parts: reading a template, describing a plan, choosing parameters."""

import pytest

from infra.deployment import plan
from infra.deployment.change_set import IDENTIFIERS
from infra.deployment.errors import DeployError
from infra.deployment.parameters import Choice, choose_parameters, parse_pairs
from infra.deployment.plan import Change
from infra.deployment.records import Record, choose_version, list_versions
from infra.deployment.template import Template
from tests.fakes.aws_account.schemas import identifier, schema, takes_tags
from tests.infra.template import load
from tests.unit.infra.deployment.operator import TEMPLATE as PATH

TEMPLATE = Template(PATH.read_text(encoding="utf-8"))
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


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("Add", "Api", "T"), "+ Api (T)"),
        (Change("Import", "Key", "T", "arn"), "= IMPORT Key (T) [arn]"),
        (Change("Modify", "Api", "T", "id", "False", causes=("Name",)), "~ Api (T): Name"),
        (Change("Modify", "Api", "T", "id", "Dynamic", causes=("Name",)), "~ Api (T): Name"),
        (Change("Modify", "Api", "T", "id", "True"), "! REPLACE Api (T) [id]"),
        (Change("Modify", "Api", "T", "id", "Conditional"), "! MAY REPLACE Api (T) [id]"),
        (Change("Remove", "Api", "T", "id", policy="Delete"), "- DELETE Api (T) [id]"),
        (Change("Remove", "Api", "T", "id", policy="Retain"), "- LEAVE BEHIND Api (T) [id]"),
        (Change("Dynamic", "Api", "T"), "? Dynamic Api (T)"),
    ],
)
def test_a_change_is_one_line(change, line):
    assert change.describe() == f"  {line}"


@pytest.mark.parametrize(
    ("action", "replacement", "is_loss"),
    [
        ("Add", "", False),
        ("Modify", "False", False),
        ("Modify", "Dynamic", True),
        ("Modify", "Conditional", True),
        ("Modify", "True", True),
        ("Remove", "", True),
    ],
)
def test_what_holds_data_is_not_replaced_or_removed_unnoticed(action, replacement, is_loss):
    """Also where CloudFormation does not know yet."""
    change = Change(action, "Slots", "AWS::DynamoDB::Table", "stride-slots", replacement)
    assert bool(plan.find_losses([change], allowed=())) == is_loss
    assert plan.find_losses([change], allowed=("Slots",)) == []
    assert ("!! the stack would lose its rows" in change.describe()) == is_loss


def test_a_replacement_that_follows_a_reference_differs_from_one_that_a_value_causes():
    """CloudFormation reports both as Conditional."""

    def detail(evaluation):
        target = {"Attribute": "Properties", "Name": "AuthorizerId", "RequiresRecreation": "Conditionally"}
        return {"Target": target, "Evaluation": evaluation, "CausingEntity": "Authorizer"}

    def read(*details):
        change = {"Action": "Modify", "LogicalResourceId": "R", "ResourceType": "T", "Replacement": "Conditional"}
        [read] = plan.read_changes([{"ResourceChange": {**change, "Details": list(details)}}])
        return read

    assert read(detail("Dynamic")).replacement == "Dynamic"
    assert read(detail("Dynamic"), detail("Static")).replacement == "Conditional"
    assert read(detail("Dynamic")).causes == ("AuthorizerId (because of Authorizer)",)


def record(minute, code):
    return Record(f"2026-11-28T12:{minute:02}:00Z", "0.1.0", "", {"IngressCodeKey": code}, {}, "template")


def test_versions_are_ordered_by_their_first_deployment():
    """A restored version keeps its position, with its newest record."""
    records = [record(1, "a"), record(2, "b"), record(3, "a"), record(4, "c")]
    assert [each.restored["IngressCodeKey"] for each in list_versions(records)] == ["a", "b", "c"]
    assert list_versions(records)[0].time.endswith("12:03:00Z")
    assert choose_version(records, "previous", {"IngressCodeKey": "c"}).restored == {"IngressCodeKey": "b"}


def test_the_newest_record_comes_before_a_deployment_without_one():
    """Another tool, or a release before, has deployed something else."""
    assert choose_version([record(1, "a")], "previous", {"IngressCodeKey": "x"}).restored == {"IngressCodeKey": "a"}


def test_a_release_that_two_versions_have_is_ambiguous():
    with pytest.raises(DeployError, match=r"2 versions match '0\.1\.0'"):
        choose_version([record(1, "a"), record(2, "b")], "0.1.0", {})


def test_a_choice_has_the_value_of_every_parameter():
    values = Choice({"Prefix": "x"}, {"LogLevel": "DEBUG"}).values(TEMPLATE)
    assert (values["Prefix"], values["LogLevel"], values["StageName"]) == ("x", "DEBUG", "live")
