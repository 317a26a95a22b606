"""Health checks of the model's latency and of the topic of alerts."""

import pytest

from ops.deployment import Deployment
from ops.health import alarms
from ops.health.checks import run_checks
from tests.fakes.clock import FakeClock
from tests.infra.template import load

TOPIC = "arn:aws:sns:eu-central-1:123456789012:stride-alerts"


class FakeAws:
    """CloudWatch with datapoints, and SNS with subscriptions."""

    def __init__(self):
        self.points = []
        self.subscriptions = []
        self.metrics = []

    async def open_client(self, _service):
        return self

    async def get_metric_statistics(self, **request):
        self.metrics.append((request["Namespace"], request["MetricName"], request.get("Dimensions", [])))
        return {"Datapoints": [{"Average": average, "SampleCount": count} for average, count in self.points]}

    async def list_subscriptions_by_topic(self, *, TopicArn):  # noqa: N803 - AWS names it so
        assert TopicArn == TOPIC
        return {
            "Subscriptions": [{"Endpoint": endpoint, "SubscriptionArn": arn} for endpoint, arn in self.subscriptions]
        }


@pytest.fixture
def aws():
    return FakeAws()


async def check(aws, endpoint_url=None, **variables):
    deployment = Deployment("s", "r", endpoint_url, {"metrics_namespace": "Chats"} | variables)
    latency, alerts = await run_checks(alarms.list_alarm_checks(deployment, aws.open_client, clock=FakeClock()))
    return latency, alerts


def test_the_limit_is_that_of_the_alarm():
    """So the check and the e-mail agree; and both read the metric without dimensions."""
    alarm = load()["Resources"]["BedrockLatencyAlarm"]["Properties"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("BedrockLatency", alarms.LATENCY_LIMIT_MS)
    assert "Dimensions" not in alarm


@pytest.mark.parametrize(
    ("points", "state", "detail"),
    [
        ([], "ok", "no answer in the last hour"),
        ([(5000, 3)], "ok", "5.0 s on average for 3 answers"),
        ([(1000, 9), (9100, 1)], "ok", "1.8 s on average for 10 answers"),
        ([(6300, 12)], "problem", "6.3 s on average for 12 answers in the last hour, above 5 s"),
    ],
)
async def test_slow_answers_are_a_problem(aws, points, state, detail):
    """An average weighs each answer, not each datapoint."""
    aws.points = points
    latency, _ = await check(aws)
    assert (latency.state, detail in latency.detail) == (state, True)
    assert aws.metrics == [("Chats", "BedrockLatency", [])]


async def test_an_address_that_has_not_confirmed_is_a_problem(aws):
    """SNS sends it nothing until its owner opens the link."""
    aws.subscriptions = [("a@example.com", f"{TOPIC}:1"), ("b@example.com", "PendingConfirmation")]
    _, alerts = await check(aws, alert_topic_arn=TOPIC)
    assert (alerts.state, alerts.detail) == ("problem", "b@example.com has not confirmed")
    assert "open the link" in alerts.advice
    aws.subscriptions.pop()
    assert (await check(aws, sns_topic_arn=TOPIC))[1].state == "ok"


async def test_a_topic_without_subscriptions_is_a_problem(aws):
    """Nobody would get an alert."""
    _, alerts = await check(aws, alert_topic_arn=TOPIC)
    assert (alerts.state, alerts.detail) == ("problem", "nobody subscribes to stride-alerts")


async def test_without_a_topic_alerts_are_off(aws):
    """The advice says how to turn them on."""
    _, alerts = await check(aws)
    assert (alerts.state, "AlertEmail" in alerts.advice) == ("off", True)


async def test_the_emulator_has_neither(aws):
    """It makes no metrics of logs and delivers no e-mails of alarms."""
    found = await check(aws, endpoint_url="http://127.0.0.1:4566")
    assert ([each.state for each in found], aws.metrics) == (["ok", "ok"], [])
