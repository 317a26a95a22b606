"""The queues in the template: order, redrive policies, permissions to send, and consumers."""

import re
from uuid import uuid4

import pytest

from shared.messages.commands import BOOKING_COMMAND
from shared.tenants.tenant_id import TENANT_ID
from tests.infra.resources import DEAD_LETTERS, MAPPINGS, QUEUED, QUEUES, TEMPLATE, properties
from tests.infra.template import of_type


@pytest.mark.parametrize("name", ["ChatQueue", "BookingQueue"])
def test_a_command_queue_keeps_order_per_visitor_at_full_speed(name):
    """FIFO in high-throughput mode: both attributes are needed, on the queue and on its dead-letter queue."""
    for queue in (name, name.replace("Queue", "DeadLetters")):
        assert properties(queue)["FifoQueue"] is True
        assert properties(queue)["DeduplicationScope"] == "messageGroup"
        assert properties(queue)["FifoThroughputLimit"] == "perMessageGroupId"
        assert properties(queue)["QueueName"]["Fn::Sub"].endswith(".fifo")


@pytest.mark.parametrize("name", sorted(set(QUEUES) - DEAD_LETTERS))
def test_every_queue_has_a_dead_letter_queue_and_keeps_messages_for_14_days(name):
    """The workers count attempts; SQS moves a message after 100 receives, and all messages are kept for 14 days."""
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
    # Each once: a second policy of the same queue would replace the first.
    assert sorted(guarded) == sorted(QUEUES)


def test_a_rule_requests_a_check_of_all_calendars_each_minute():
    """The rule's message is a valid command; the queue must accept messages without a deduplication id."""
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


def test_other_services_may_send_to_two_queues_only():
    """The minute's rule and the topic of SES may send by queue policies; the scheduler assumes a role for reminders."""
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


def test_bounces_and_complaints_reach_the_feedback_queue():
    """SES publishes bounces and complaints to one topic, which accepts nothing else and delivers to one queue."""
    configuration_set, destination = properties("Letters"), properties("LettersToFeedback")
    assert destination["ConfigurationSetName"] == {"Ref": "Letters"}
    assert destination["EventDestination"]["Enabled"] is True
    assert destination["EventDestination"]["MatchingEventTypes"] == ["bounce", "complaint"]
    assert destination["EventDestination"]["SnsDestination"] == {"TopicARN": {"Ref": "FeedbackTopic"}}
    [statement] = properties("FeedbackTopicPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "ses.amazonaws.com"}, "sns:Publish")
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(f":configuration-set/{configuration_set['Name']['Fn::Sub']}")
    # The envelope of SNS names the topic of a message.
    assert properties("FeedbackSubscription") == {
        "TopicArn": {"Ref": "FeedbackTopic"},
        "Protocol": "sqs",
        "Endpoint": {"Fn::GetAtt": ["FeedbackQueue", "Arn"]},
        "RawMessageDelivery": False,
    }


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_mapping_has_a_maximum_only_if_one_is_given(name):
    """An existing stack keeps running without one; a backlog of dead letters or bounces needs no more than two."""
    condition, limited, unlimited = properties(name)["ScalingConfig"]["Fn::If"]
    assert (condition, unlimited) == ("LimitsWorkers", {"Ref": "AWS::NoValue"})
    is_of_visitors = name in {f"{queue}Source" for queue in (*QUEUED, "Codes")}
    assert limited == {"MaximumConcurrency": {"Ref": "WorkersMaxConcurrency"} if is_of_visitors else 2}
    assert TEMPLATE["Conditions"]["LimitsWorkers"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "WorkersMaxConcurrency"}, "0"]}]
    }
    assert TEMPLATE["Parameters"]["WorkersMaxConcurrency"]["Default"] == "0"


@pytest.mark.parametrize(
    ("given", "accepted"),
    [("0", True), ("1", False), ("2", True), ("9", True), ("10", True), ("999", True), ("1000", True), ("1001", False)]
    + [(text, False) for text in ("", "00", "02", "-1", "2.5", "many")],
)
def test_the_maximum_is_one_that_lambda_accepts(given, accepted):
    """Lambda refuses less than 2 and more than 1000.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-eventsourcemapping-scalingconfig.html
    """
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["WorkersMaxConcurrency"]["AllowedPattern"], given)) is accepted


@pytest.mark.parametrize("name", sorted(MAPPINGS))
def test_a_worker_reports_failed_messages_and_has_time_for_its_batch(name):
    """Without ReportBatchItemFailures a failure repeats the whole batch; visibility lasts six function timeouts."""
    mapping = properties(name)
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = mapping["EventSourceArn"]["Fn::GetAtt"][0]
    function = mapping["FunctionName"]["Ref"]
    assert properties(queue)["VisibilityTimeout"] >= 6 * properties(function)["Timeout"]
    assert TEMPLATE["Resources"][name]["Condition"] == "WorkersOnLambda"


def test_the_failures_worker_consumes_every_dead_letter_queue():
    """One function has a mapping for each dead-letter queue, where messages would be deleted after 14 days."""
    emptied = {
        each["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
        for each in MAPPINGS.values()
        if each["Properties"]["FunctionName"] == {"Ref": "FailuresFunction"}
    }
    assert emptied == DEAD_LETTERS


def test_chat_processes_one_message_at_a_time():
    """An answer takes seconds, so in a batch the second visitor would wait for the first."""
    assert properties("ChatSource")["BatchSize"] == 1
