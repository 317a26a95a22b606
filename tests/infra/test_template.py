"""The API and the stores in the template: settings that the emulator ignores."""

import pytest

from shared.aws.ledger.failure_items import OUTLINE
from tests.infra.resources import TABLES, TEMPLATE, properties
from tests.infra.template import as_list, everything_in, of_type


def test_the_ingress_s_answer_is_sent_to_the_visitor():
    """AWS sends a route's answer only with a selection expression and a route response; the emulator always does."""
    assert properties("Api")["RouteSelectionExpression"] == "$request.body.type"
    assert properties("DefaultRoute")["RouteResponseSelectionExpression"] == "$default"
    responses = of_type(TEMPLATE, "AWS::ApiGatewayV2::RouteResponse")
    assert [each["Properties"]["RouteId"] for each in responses.values()] == [{"Ref": "DefaultRoute"}]
    assert {each["Properties"]["RouteResponseKey"] for each in responses.values()} == {"$default"}


def test_the_api_has_its_three_routes_and_only_connect_is_authorised():
    """A WebSocket authorizer runs at `$connect` alone; a connection without a tenant is refused before it."""
    routes = {each["Properties"]["RouteKey"]: each for each in of_type(TEMPLATE, "AWS::ApiGatewayV2::Route").values()}
    assert set(routes) == {"$connect", "$disconnect", "$default"}
    assert routes["$connect"]["Properties"]["AuthorizationType"] == "CUSTOM"
    assert routes["$connect"]["Properties"]["AuthorizerId"] == {"Ref": "Authorizer"}
    assert properties("Authorizer")["IdentitySource"] == ["route.request.querystring.tenant"]
    assert properties("Stage")["AutoDeploy"] is True
    assert properties("Stage")["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_a_visitors_frame_reaches_the_ingress_by_post():
    """Lambda accepts no other method, and CloudFormation sets none by default."""
    assert properties("Integration")["IntegrationType"] == "AWS_PROXY"
    assert properties("Integration")["IntegrationMethod"] == "POST"


def test_api_gateway_may_invoke_both_functions():
    """Without the permission AWS answers with 500; the emulator does not check it."""
    allowed = {
        each["Properties"]["FunctionName"]["Ref"] for each in of_type(TEMPLATE, "AWS::Lambda::Permission").values()
    }
    assert allowed == {"IngressFunction", "AuthorizerFunction"}


def test_the_indexes_of_failures_have_every_filtered_attribute():
    """The indexes have each attribute of a filter, but neither the payload nor the audit trail."""
    for index in properties("FailuresTable")["GlobalSecondaryIndexes"]:
        keys = {each["AttributeName"] for each in index["KeySchema"]}
        carried = keys | set(index["Projection"]["NonKeyAttributes"])
        assert carried == {*OUTLINE, "place"}, index["IndexName"]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_table_expires_recovers_and_costs_nothing_idle(name):
    """The emulator ignores TTL and point-in-time recovery, so a missing one would be noticed on AWS only."""
    table = properties(name)
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    # Encrypted all the same; true would be a key of KMS whose every use is billed.
    assert table["SSESpecification"] == {"SSEEnabled": False}


def test_appointments_keep_their_keys():
    """Existing deployments have this table, with this name and both keys."""
    assert TEMPLATE["Parameters"]["AppointmentsTableName"]["Default"] == "appointments"
    keys = [(key["AttributeName"], key["KeyType"]) for key in properties("AppointmentsTable")["KeySchema"]]
    assert keys == [("appointment_id", "HASH"), ("session_id", "RANGE")]


@pytest.mark.parametrize(
    "name",
    [
        "AppointmentsTable",
        "SlotsTable",
        "ConversationsTable",
        "UsageTable",
        "FailuresTable",
        "SuppressionsTable",
        "KnowledgeBucket",
        "SessionKey",
        "CodeKey",
        "FailuresKey",
    ],
)
def test_data_and_keys_outlive_the_stack(name):
    """Deleting the stack keeps data and keys; a failed first deployment leaves nothing behind."""
    assert TEMPLATE["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert TEMPLATE["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_the_knowledge_bucket_is_private():
    """No object in it is public, whatever its access control list."""
    assert set(properties("KnowledgeBucket")["PublicAccessBlockConfiguration"].values()) == {True}


def references(value):
    """Yield the logical ids that a value refers to."""
    for each in everything_in(value):
        if isinstance(each, dict) and "Ref" in each:
            yield each["Ref"]
        if isinstance(each, dict) and "Fn::GetAtt" in each:
            yield each["Fn::GetAtt"][0]


def test_the_stage_opens_after_its_routes_and_the_route_response():
    """Otherwise visitors connect to an API without routes, or get no ack, until the deployment ends."""
    stage = TEMPLATE["Resources"]["Stage"]
    before = {*stage["DependsOn"], *references(stage["Properties"])}
    assert {"ConnectRoute", "DisconnectRoute", "DefaultRoute", "DefaultRouteResponse"} <= before


def test_the_workers_are_updated_before_the_ingress():
    """What the ingress sends must be understood; a reference in a condition's branch makes the order."""
    workers = {
        each["Properties"]["FunctionName"]["Ref"]
        for each in of_type(TEMPLATE, "AWS::Lambda::EventSourceMapping").values()
    }
    [tag] = properties("IngressFunction")["Tags"]
    condition, with_workers, without = tag["Value"]["Fn::If"]
    assert condition == "WorkersOnLambda"
    assert set(references(with_workers)) == workers
    assert list(references(without)) == []


def test_nothing_depends_on_a_resource_that_may_not_exist():
    """AWS creates no resource that depends on one whose condition is false."""
    resources = TEMPLATE["Resources"]
    wrong = [
        (name, other)
        for name, resource in resources.items()
        for other in as_list(resource.get("DependsOn", []))
        if resources[other].get("Condition") not in {None, resource.get("Condition")}
    ]
    assert wrong == []


def test_an_existing_identity_of_the_sender_is_not_created_again():
    """SES would refuse it; the parameter's default is what a stack of the release before has done."""
    assert TEMPLATE["Parameters"]["CreateSenderIdentity"]["Default"] == "true"
    assert TEMPLATE["Resources"]["Sender"]["Condition"] == "CreatesSender"
