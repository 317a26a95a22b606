"""CloudFormation of LocalStack creates from the template what the template declares."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.infra.template import load, of_type

pytestmark = pytest.mark.localstack

ATTRIBUTES = (
    *("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"),
    *("VisibilityTimeout", "MessageRetentionPeriod", "SqsManagedSseEnabled"),
)
QUEUES = of_type(load(), "AWS::SQS::Queue")


@pytest.fixture(scope="module")
def created(split_stack, target):
    """Return the physical ids of LocalStack's part of the stack by their logical ids."""
    found = target.localstack.client("cloudformation").describe_stack_resources(StackName="stride")["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_has_the_declared_attributes(name, created, target):
    """Order, deduplication, time-outs, retention, encryption and dead-letter queue."""
    declared = QUEUES[name]["Properties"]
    sqs = target.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=created[name], AttributeNames=["All"])["Attributes"]
    expected = {key: str(declared[key]) for key in ATTRIBUTES if key in declared}
    assert {key: found[key].lower() for key in expected} == {key: value.lower() for key, value in expected.items()}
    if redrive := declared.get("RedrivePolicy"):
        dead_letters = created[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]].rpartition("/")[2]
        policy = json.loads(found["RedrivePolicy"])
        assert policy["deadLetterTargetArn"].endswith(f":{dead_letters}")
        assert int(policy["maxReceiveCount"]) == redrive["maxReceiveCount"]


def test_the_rule_and_the_topic_have_the_queues_as_targets(created, split_stack, target):
    """The message group of the tick, and the envelope of SNS, which the worker checks."""
    [rule] = target.client("events").list_targets_by_rule(Rule="stride-calendar-tick")["Targets"]
    assert rule["Arn"].endswith(":stride-booking.fifo")
    assert rule["SqsParameters"] == {"MessageGroupId": "calendars"}
    sns, topic = target.client("sns"), split_stack.outputs["FeedbackTopicArn"]
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    assert attributes["Endpoint"].endswith(":stride-feedback")
    assert attributes.get("RawMessageDelivery", "false") == "false"


def test_no_emulator_listens_on_another_address_than_127_0_0_1(target):
    """Both accept any credentials; a server on all addresses would answer at 127.0.0.2, too."""
    for endpoint_url in (target.endpoint_url, target.localstack.endpoint_url):
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.2", urlsplit(endpoint_url).port))
