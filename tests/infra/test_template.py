"""What the emulator hides: a green local stack proves the wiring, this proves the rest of the template."""

import importlib
import re
from uuid import uuid4

import pytest

from infra.deploy import settings as as_settings
from shared.aws.failure_items import OUTLINE
from shared.messages.commands import BOOKING_COMMAND
from shared.settings import PoolSettings
from shared.tenants.profile import TENANT_ID
from tests.infra.template import load, of_type

TEMPLATE = load()
FUNCTIONS = of_type(TEMPLATE, "AWS::Lambda::Function")
QUEUES = of_type(TEMPLATE, "AWS::SQS::Queue")
DEAD_LETTERS = {name for name in QUEUES if name.endswith("DeadLetters")}
MAPPINGS = of_type(TEMPLATE, "AWS::Lambda::EventSourceMapping")
TABLES = of_type(TEMPLATE, "AWS::DynamoDB::Table")
SETTINGS = {
    "AuthorizerFunction": "api_gateway_ws.settings.AuthorizerSettings",
    "IngressFunction": "api_gateway_ws.settings.IngressSettings",
    "ChatFunction": "workers.chat.settings.ChatSettings",
    "BookingFunction": "workers.booking.settings.BookingSettings",
    "NotificationsFunction": "workers.notifications.settings.NotificationsSettings",
    "FailuresFunction": "workers.failures.settings.FailuresSettings",
}

QUEUED = ("Chat", "Booking", "Notifications")
WORKERS = {each["Properties"]["FunctionName"]["Ref"] for each in MAPPINGS.values()}


def properties(name):
    return TEMPLATE["Resources"][name]["Properties"]


def settings_class(function):
    module, _, name = SETTINGS[function].rpartition(".")
    return getattr(importlib.import_module(module), name)


def variables(function):
    """Return a function's environment: defaults of parameters, a made-up text for what only a deployment knows."""
    given = FUNCTIONS[function]["Properties"]["Environment"]["Variables"]
    defaults = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items() if "Default" in each}
    return {
        name: value if isinstance(value, str) else str(defaults.get(value.get("Ref"), f"deployed {name}"))
        for name, value in given.items()
    }


def test_the_visitor_hears_what_the_ingress_returns():
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
    """Lambda takes no other method, and CloudFormation sets none by itself."""
    assert properties("Integration")["IntegrationType"] == "AWS_PROXY"
    assert properties("Integration")["IntegrationMethod"] == "POST"


def test_api_gateway_may_invoke_both_functions():
    """Without the permission AWS answers 500; the emulator does not ask."""
    allowed = {
        each["Properties"]["FunctionName"]["Ref"] for each in of_type(TEMPLATE, "AWS::Lambda::Permission").values()
    }
    assert allowed == {"IngressFunction", "AuthorizerFunction"}


@pytest.mark.parametrize("name", ["ChatQueue", "BookingQueue"])
def test_a_command_queue_keeps_order_per_visitor_at_full_speed(name):
    """FIFO in high-throughput mode: both attributes are needed, on the queue and on its dead-letter queue."""
    for queue in (name, name.replace("Queue", "DeadLetters")):
        assert properties(queue)["FifoQueue"] is True
        assert properties(queue)["DeduplicationScope"] == "messageGroup"
        assert properties(queue)["FifoThroughputLimit"] == "perMessageGroupId"
        assert properties(queue)["QueueName"]["Fn::Sub"].endswith(".fifo")


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTERS))
def test_every_queue_has_a_backstop_and_dead_letters_live_long(name):
    """Attempts are counted by the workers; SQS steps in late, and messages stay for 14 days, dead or not."""
    redrive = properties(name)["RedrivePolicy"]
    dead_letters = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert redrive["maxReceiveCount"] == 100
    assert dead_letters in DEAD_LETTERS
    assert properties(dead_letters)["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600
    sources = [source["Fn::Sub"] for source in properties(dead_letters)["RedriveAllowPolicy"]["sourceQueueArns"]]
    assert any(source.endswith(f":{properties(name)['QueueName']['Fn::Sub']}") for source in sources)


def test_queues_are_encrypted_and_refuse_plain_http():
    """On AWS every queue has server-side encryption and a policy that denies calls without TLS."""
    assert all(each["Properties"]["SqsManagedSseEnabled"] is True for each in QUEUES.values())
    policies = of_type(TEMPLATE, "AWS::SQS::QueuePolicy")
    guarded = [
        queue["Ref"]
        for policy in policies.values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for queue in policy["Properties"]["Queues"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    # Each once: a second policy of the same queue would take the place of the first.
    assert sorted(guarded) == sorted(QUEUES)


def test_the_clock_asks_for_a_look_at_all_calendars():
    """Each minute, in a form that the worker reads; the queue has to take messages without a deduplication id."""
    rule = properties("CalendarTick")
    [target] = rule["Targets"]
    queue = properties(target["Arn"]["Fn::GetAtt"][0])
    values = {"id": f'"{uuid4()}"', "time": '"2026-01-12T07:00:00Z"'}
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"] == {name: f"$.{name}" for name in values}
    text = re.sub(r"<(\w+)>", lambda found: values[found[1]], transformer["InputTemplate"])
    tick = BOOKING_COMMAND.validate_json(text)
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    assert (tick.type, tick.session_id) == ("calendar.tick", target["SqsParameters"]["MessageGroupId"])
    assert queue["ContentBasedDeduplication"] is True
    assert not TENANT_ID.fullmatch(tick.tenant), "no business can have that name"


def test_outsiders_may_put_messages_on_two_queues_alone():
    """The clock's rule and the topic of SES by the queues' policies; reminders in a role that the scheduler takes."""
    allowed = [
        statement
        for policy in of_type(TEMPLATE, "AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert [(each["Action"], each["Resource"], each["Principal"], each["Condition"]) for each in allowed] == [
        (
            "sqs:SendMessage",
            {"Fn::GetAtt": ["BookingQueue", "Arn"]},
            {"Service": "events.amazonaws.com"},
            {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["CalendarTick", "Arn"]}}},
        ),
        (
            "sqs:SendMessage",
            {"Fn::GetAtt": ["FeedbackQueue", "Arn"]},
            {"Service": "sns.amazonaws.com"},
            {"ArnEquals": {"aws:SourceArn": {"Ref": "FeedbackTopic"}}},
        ),
    ]
    [trust] = properties("ReminderRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["ArnEquals"] == {"aws:SourceArn": {"Fn::GetAtt": ["Reminders", "Arn"]}}
    assert "Condition" not in TEMPLATE["Resources"]["ReminderRole"]


def test_what_became_of_letters_comes_back():
    """SES publishes bounces and complaints to the one topic, which takes nothing else, and that to the one queue."""
    letters, destination = properties("Letters"), properties("LettersToFeedback")
    assert destination["ConfigurationSetName"] == {"Ref": "Letters"}
    assert destination["EventDestination"]["Enabled"] is True
    assert destination["EventDestination"]["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT"]
    assert destination["EventDestination"]["SnsDestination"] == {"TopicARN": {"Ref": "FeedbackTopic"}}
    [statement] = properties("FeedbackTopicPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "ses.amazonaws.com"}, "sns:Publish")
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(f":configuration-set/{letters['Name']['Fn::Sub']}")
    # Without what SNS puts around it, nobody could tell which topic a message comes from.
    assert properties("FeedbackSubscription") == {
        "TopicArn": {"Ref": "FeedbackTopic"},
        "Protocol": "sqs",
        "Endpoint": {"Fn::GetAtt": ["FeedbackQueue", "Arn"]},
        "RawMessageDelivery": False,
    }


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_worker_reports_failed_messages_and_has_time_for_its_batch(name):
    """Without ReportBatchItemFailures one failure repeats its whole batch; visibility is six times the time-out."""
    mapping = properties(name)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = mapping["EventSourceArn"]["Fn::GetAtt"][0]
    function = mapping["FunctionName"]["Ref"]
    assert properties(queue)["VisibilityTimeout"] >= 6 * properties(function)["Timeout"]
    assert TEMPLATE["Resources"][name]["Condition"] == "WorkersOnLambda"


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_handler_that_hangs_is_stopped_before_its_function(name, monkeypatch):
    """Ten seconds are left to say so and hand the message back; stopped by Lambda, a worker does neither."""
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, value)
    assert PoolSettings().handler_timeout_seconds + 10 <= properties(name)["Timeout"]


def test_the_ledger_takes_the_dead_letters_of_every_queue():
    """One function, and a mapping for each dead-letter queue: what stays there is forgotten after 14 days."""
    emptied = {
        each["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
        for each in MAPPINGS.values()
        if each["Properties"]["FunctionName"] == {"Ref": "FailuresFunction"}
    }
    assert emptied == DEAD_LETTERS


def test_a_search_for_failures_finds_what_it_filters_by():
    """The indexes carry each attribute that a filter looks at, and neither payload nor story."""
    for index in properties("FailuresTable")["GlobalSecondaryIndexes"]:
        keys = {each["AttributeName"] for each in index["KeySchema"]}
        carried = keys | set(index["Projection"]["NonKeyAttributes"])
        assert carried == {*OUTLINE, "place"}, index["IndexName"]


def test_chat_takes_one_message_at_a_time():
    """An answer takes seconds: in a batch the second visitor would wait for the first."""
    assert properties("ChatSource")["BatchSize"] == 1


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_records_its_traces(name):
    """Lambda makes the trace that a visitor's message carries; without the permission it records nothing, silently."""
    function = properties(name)
    assert function["TracingConfig"] == {"Mode": "Active"}
    role = properties(function["Role"]["Fn::GetAtt"][0])
    assert {"Ref": "RecordsTraces"} in role["ManagedPolicyArns"]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_handler_can_be_imported(name):
    """The handler that the template names exists."""
    module, _, attribute = properties(name)["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_gets_what_its_settings_require(name, monkeypatch):
    """The settings can be read from the environment that the template gives, and from nothing else."""
    settings = settings_class(name)
    for field in settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for variable, value in variables(name).items():
        monkeypatch.setenv(variable, value)
    read = settings()
    unread = {variable.lower() for variable in variables(name)} - set(settings.model_fields)
    if name in WORKERS:
        unread -= {f"pool_{field}" for field in PoolSettings.model_fields}
    assert read.log_level
    # Botocore's own.
    assert unread <= {"aws_endpoint_url_bedrock_runtime"}


def test_what_a_pool_needs_is_in_the_outputs():
    """Each output in snake case is a setting, so the outputs alone are enough to run a pool."""
    given = as_settings(dict.fromkeys(TEMPLATE["Outputs"], "x"))
    for name in sorted(WORKERS):
        required = {field.upper() for field, info in settings_class(name).model_fields.items() if info.is_required()}
        assert required <= set(given), name


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_table_expires_recovers_and_costs_nothing_idle(name):
    """The emulator ignores TTL and point-in-time recovery, so a missing one would show on AWS alone."""
    table = properties(name)
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_appointments_keep_their_keys():
    """Deployments that exist have this table, under this name, with both keys."""
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
def test_what_cannot_be_made_again_outlives_the_stack(name):
    """Deleting the stack keeps data and keys; a first deployment that failed leaves nothing behind."""
    assert TEMPLATE["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert TEMPLATE["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_the_knowledge_bucket_is_private():
    """Nothing in it is public, whatever an object says."""
    assert set(properties("KnowledgeBucket")["PublicAccessBlockConfiguration"].values()) == {True}


def test_pools_replace_the_functions_of_the_workers_and_nothing_else():
    """`Workers=pools` leaves out the functions, their roles and mappings; the rest of the stack is the same."""
    conditional = {name for name, each in TEMPLATE["Resources"].items() if each.get("Condition") == "WorkersOnLambda"}
    workers = {f"{worker}{part}" for worker in QUEUED for part in ("Function", "Role", "Logs", "Source")}
    ledger = {"FailuresFunction", "FailuresRole", "FailuresLogs", *(f"FailuresOf{queue}Source" for queue in QUEUED)}
    assert conditional == workers | ledger | {"AnswersVisitors", "FeedbackSource"}
    assert TEMPLATE["Parameters"]["Workers"] == {
        **TEMPLATE["Parameters"]["Workers"],
        "Default": "lambda",
        "AllowedValues": ["lambda", "pools"],
    }
