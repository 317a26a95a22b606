"""What the two emulators answer differently is listed in docs/emulators.md, beside what AWS's documentation says."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.aws import Target
from infra.deployment.emulator import put_stack
from infra.deployment.template import Template

pytestmark = pytest.mark.localstack

PAGE = (Path(__file__).parents[2] / "docs" / "emulators.md").read_text(encoding="utf-8")
_SOON_SECONDS = 2

_number = itertools.count()


class Emulator:
    """One of the two, with its own queue for each probe."""

    def __init__(self, target):
        self.client = target.client

    def create_queue(self, **attributes):
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"difference-{next(_number)}", Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return sqs, url, arn

    def receive(self):
        """Send a message, and return its queue and the receipt."""
        sqs, url, _ = self.create_queue()
        sqs.send_message(QueueUrl=url, MessageBody="body")
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        return sqs, {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}

    def put_schedule(self, expression, **more):
        sqs, url, arn = self.create_queue()
        scheduler, name = self.client("scheduler"), f"difference-{next(_number)}"
        request = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}, **more}
        request["Target"] = {"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/reminders", "Input": "due"}
        return lambda: scheduler.create_schedule(**request), (sqs, url)


def error_of(call):
    """Return code and status of a refusal; `accepted` without one."""
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']} ({error.response['ResponseMetadata']['HTTPStatusCode']})"
    return "accepted"


def delete_twice(emulator):
    sqs, receipt = emulator.receive()
    sqs.delete_message(**receipt)
    return error_of(lambda: sqs.delete_message(**receipt))


def extend_deleted(emulator):
    sqs, receipt = emulator.receive()
    sqs.delete_message(**receipt)
    return error_of(lambda: sqs.change_message_visibility(**receipt, VisibilityTimeout=5))


def extend_deleted_in_a_batch(emulator):
    sqs, receipt = emulator.receive()
    sqs.delete_message(**receipt)
    url = receipt.pop("QueueUrl")
    entry = {"Id": "1", "VisibilityTimeout": 5, **receipt}
    [failed] = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])["Failed"]
    return failed["Code"]


def move_dead_letters(emulator):
    sqs, _, dead_letters = emulator.create_queue()
    emulator.create_queue(RedrivePolicy=f'{{"deadLetterTargetArn": "{dead_letters}", "maxReceiveCount": 3}}')
    return error_of(lambda: sqs.start_message_move_task(SourceArn=dead_letters))


def fire_a_schedule(emulator):
    at = datetime.now(UTC) + timedelta(seconds=_SOON_SECONDS)
    create, (sqs, url) = emulator.put_schedule(f"at({at:%Y-%m-%dT%H:%M:%S})")
    create()
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10 + _SOON_SECONDS).get("Messages", [])
    return "sent" if received else "not sent"


def repeat_a_schedule(emulator):
    create, _ = emulator.put_schedule("rate(1 hour)")
    create()
    return error_of(create)


def schedule_nonsense(emulator):
    return error_of(emulator.put_schedule("tomorrow")[0])


def schedule_in_a_missing_group(emulator):
    return error_of(emulator.put_schedule("rate(1 hour)", GroupName="missing")[0])


def put_a_rule_in_the_plural(emulator):
    return error_of(lambda: emulator.client("events").put_rule(Name="plural", ScheduleExpression="rate(1 minutes)"))


def refer_to_a_secret(emulator):
    template = (
        '{"Resources": {"S": {"Type": "AWS::SecretsManager::Secret"}}, "Outputs": {"S": {"Value": {"Ref": "S"}}}}'
    )
    outputs = put_stack(emulator.client("cloudformation"), name="refer", template=Template(template), parameters={})
    return "the ARN" if outputs["S"].startswith("arn:") else "the name"


DIFFERENCES = {
    "A message is deleted a second time": (delete_twice, "ReceiptHandleIsInvalid (400)", "accepted"),
    "The visibility of a deleted message is changed": (
        extend_deleted,
        "ReceiptHandleIsInvalid (400)",
        "InvalidParameterValue (400)",
    ),
    "The same in a batch": (extend_deleted_in_a_batch, "ReceiptHandleIsInvalid", "InvalidParameterValueException"),
    "`StartMessageMoveTask`": (move_dead_letters, "InvalidAction (400)", "accepted"),
    "A schedule is due": (fire_a_schedule, "sent", "not sent"),
    "A schedule is created a second time": (
        repeat_a_schedule,
        "ConflictException (409)",
        "ConflictException (400)",
    ),
    "A schedule has an invalid expression": (schedule_nonsense, "accepted", "ValidationException (400)"),
    "A schedule names a missing group": (
        schedule_in_a_missing_group,
        "ResourceNotFoundException (404)",
        "InternalError (500)",
    ),
    "A rule has `rate(1 minutes)`": (put_a_rule_in_the_plural, "accepted", "ValidationException (400)"),
    "`Ref` of a secret": (refer_to_a_secret, "the name", "the ARN"),
}
"""What differs, with the answers of MiniStack and LocalStack; the first words of the rows in the page."""


@pytest.mark.parametrize("what", DIFFERENCES)
def test_a_listed_difference_still_exists(what, target):
    """A new version of an emulator that has changed an answer is noticed, and the page is right."""
    probe, *listed = DIFFERENCES[what]
    emulators = (Emulator(Target(endpoint_url=target.endpoint_url)), Emulator(target.localstack))
    assert [probe(emulator) for emulator in emulators] == listed
    assert f"| {what} | {listed[0]} | {listed[1]} |" in PAGE


def test_every_row_of_the_page_is_tested():
    """Rows of the page that no probe covers would never be found to be outdated."""
    table = PAGE.partition("## Different answers")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    assert rows[2:] == list(DIFFERENCES)
