"""The lean client of DynamoDB beside aiobotocore's: the same answers, and errors with the same code and fields."""

from botocore.exceptions import ClientError

from shared.ids import new_id

TABLE = "ProcessedTable"


def list_calls(key):
    """Return calls in turn, with answers and errors of every kind that an adapter reads."""
    where = {"TableName": TABLE, "Key": {"command_key": {"S": key}}}
    item = {"command_key": {"S": key}, "n": {"N": "1"}, "list": {"L": [{"BOOL": True}, {"B": b"\xff"}]}}
    absent = "attribute_not_exists(command_key)"
    put = {"TableName": TABLE, "Item": item, "ConditionExpression": absent}
    other = {"TableName": TABLE, "Item": {"command_key": {"S": new_id()}}}
    returns_old = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    query = {
        "TableName": TABLE,
        "KeyConditionExpression": "command_key = :key",
        "ExpressionAttributeValues": {":key": {"S": key}},
    }
    return [
        ("get_item", {**where, "ConsistentRead": True}),
        ("put_item", put),
        ("put_item", {**put, **returns_old}),
        ("get_item", where),
        ("update_item", {**where, "UpdateExpression": "REMOVE n", "ReturnValues": "ALL_OLD"}),
        ("query", query),
        ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [where["Key"]]}}}),
        ("transact_write_items", {"TransactItems": [{"Put": {**put, **returns_old}}, {"Put": other}]}),
        ("delete_item", {**where, "ReturnValues": "ALL_OLD"}),
        ("transact_write_items", {"TransactItems": [{"Put": put}]}),
        ("get_item", {"TableName": "none", "Key": where["Key"]}),
        ("update_item", {**where, "UpdateExpression": "SET"}),
    ]


async def run_calls(client, key):
    outcomes = []
    for name, request in list_calls(key):
        try:
            answer = await getattr(client, name)(**request)
        except ClientError as error:
            answer = error.response
            answer["status"] = answer["ResponseMetadata"]["HTTPStatusCode"]
            answer.get("Error", {}).pop("Message", None)
            # Botocore repeats the text of the error; no adapter reads it.
            answer = {field: value for field, value in answer.items() if field.lower() != "message"}
            for reason in answer.get("CancellationReasons", ()):
                reason.pop("Message", None)
        outcomes.append((name, {field: value for field, value in answer.items() if field != "ResponseMetadata"}))
    return outcomes


async def test_both_clients_answer_alike(dynamodb, clients):
    """Whatever the emulator says, an adapter reads the same from both."""
    key = new_id()
    lean = await run_calls(dynamodb, key)
    await dynamodb.delete_item(TableName=TABLE, Key={"command_key": {"S": key}})
    assert lean == await run_calls(await clients.open_client("dynamodb"), key)
    codes = {outcome.get("Error", {}).get("Code", "") for _, outcome in lean}
    assert codes == {"", "ConditionalCheckFailedException", "ResourceNotFoundException", "TransactionCanceledException"}
