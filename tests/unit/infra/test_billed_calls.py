"""What a recorded request is by AWS's price list."""

import json

import pytest

from infra.local.billed_calls import (
    compute_item_bytes,
    count_messages,
    identify_call,
    list_logged_metrics,
    measure_capacity,
)


def signed(service):
    return {
        "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/{service}/aws4_request, Signature=0"
    }


@pytest.mark.parametrize(
    ("line", "service", "target", "body", "name"),
    [
        ("POST /", "dynamodb", "DynamoDB_20120810.GetItem", {"TableName": "stride-slots"}, "dynamodb GetItem slots"),
        (
            "POST /",
            "dynamodb",
            "DynamoDB_20120810.GetItem",
            {"TableName": "stride-slots", "ConsistentRead": True},
            "dynamodb GetItem consistent slots",
        ),
        (
            "POST /",
            "dynamodb",
            "DynamoDB_20120810.TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "stride-slots"}}, {"Update": {"TableName": "appointments"}}]},
            "dynamodb TransactWriteItems appointments+slots",
        ),
        ("POST /", "sqs", "AmazonSQS.SendMessage", {"QueueUrl": "http://h/0/stride-chat"}, "sqs SendMessage chat"),
        ("POST /a/live/@connections/c", "execute-api", "", {"type": "typing"}, "execute-api PostToConnection typing"),
        ("POST /v2/email/outbound-emails", "ses", "", {}, "ses SendEmail"),
        ("POST /schedules/a-reminder", "scheduler", "", {}, "scheduler CreateSchedule"),
        ("GET /bucket", "s3", "", {}, "s3 ListObjectsV2"),
        ("GET /bucket/salon/profile.yaml", "s3", "", {}, "s3 GetObject"),
        ("POST /surprise", "states", "", {}, "states POST /surprise"),
    ],
)
def test_a_call_is_named_by_service_operation_and_resource(line, service, target, body, name):
    """An operation that the list does not know keeps its path, so that it is seen and not left out."""
    headers = {**signed(service), "x-amz-target": target}
    call = identify_call(*line.split(), "", headers, json.dumps(body).encode())
    assert call is not None
    assert call.name == name


def test_a_request_that_is_not_signed_is_no_call():
    """Tests look at the emulator's own pages while they count."""
    assert identify_call("GET", "/_ministack/ses/messages", "", {}, b"") is None


@pytest.mark.parametrize(
    ("operation", "request_", "answer", "units"),
    [
        ("GetItem", {"ConsistentRead": True}, {"Item": {"a": {"S": "x" * 4095}}}, {"read_units": 1}),
        ("GetItem", {"ConsistentRead": True}, {"Item": {"a": {"S": "x" * 4096}}}, {"read_units": 2}),
        ("GetItem", {}, {}, {"read_units": 0.5}),
        ("Query", {"ConsistentRead": True}, {"Items": [{"a": {"S": "x" * 1999}}] * 3}, {"read_units": 2}),
        (
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [1, 2], "ConsistentRead": True}}},
            {"Responses": {"t": [{"a": {"S": "x"}}]}},
            {"read_units": 2},
        ),
        ("TransactGetItems", {}, {"Responses": [{"Item": {"a": {"S": "x"}}}, {}]}, {"read_units": 4}),
        ("UpdateItem", {}, {"ConsumedCapacity": {"CapacityUnits": 3.0}}, {"write_units": 3}),
        (
            "TransactWriteItems",
            {},
            {"ConsumedCapacity": [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}]},
            {"write_units": 6},
        ),
        ("PutItem", {}, {"__type": "ConditionalCheckFailedException"}, {"write_units": 1}),
        (
            "TransactWriteItems",
            {"TransactItems": [1, 2]},
            {"__type": "TransactionCanceledException"},
            {"write_units": 4},
        ),
        ("DescribeTable", {}, {}, {}),
    ],
)
def test_capacity_is_that_of_the_price_list(operation, request_, answer, units):
    """A query is rounded up once, single items one by one; transactions cost twice as much; failed writes cost, too."""
    assert measure_capacity(operation, request_, answer) == units


def test_an_item_is_as_large_as_its_names_and_values():
    """Names count; a number needs a byte for two digits and one more; lists and maps have an overhead."""
    item = {
        "id": {"S": "żuk"},
        "n": {"N": "-12.50"},
        "ok": {"BOOL": True},
        "m": {"M": {"k": {"S": "v"}}},
        "b": {"B": "AAAA"},
    }
    assert compute_item_bytes(item) == (2 + 4) + (1 + 3) + (2 + 1) + (1 + 3 + 1 + 1 + 1) + (1 + 3)


@pytest.mark.parametrize(("length", "messages"), [(0, 1), (32 * 1024, 1), (32 * 1024 + 1, 2)])
def test_messages_are_metered_in_pieces(length, messages):
    """API Gateway bills each begun 32 KB."""
    assert count_messages({"text": "x" * length}) == messages


def test_each_set_of_dimensions_is_a_metric():
    """CloudWatch bills a name with another set of dimensions as another metric."""
    directive = {"Dimensions": [[], ["Queue"]], "Metrics": [{"Name": "Lag", "Unit": "Milliseconds"}]}
    log = f"no json\n{json.dumps({'_aws': {'CloudWatchMetrics': [directive]}, 'Lag': 1, 'Queue': 'chat'})}\n"
    assert list_logged_metrics(log) == ["Lag", "Lag Queue=chat"]
