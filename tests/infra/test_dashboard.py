"""The dashboard and the alarm: that they read what the code writes, and whom the alarm notifies."""

import ast
import io
import json
from pathlib import Path

import pytest

from shared.emf import EmfMetrics
from shared.metrics import Metrics
from shared.settings import AwsSettings
from tests.fakes.clock import FakeClock
from tests.infra.conditions import Deployment
from tests.infra.resources import FUNCTIONS, TEMPLATE

ROOT = Path(__file__).parents[2]
METHODS = {name for name in vars(Metrics) if not name.startswith("_")}
NAMED_TOPIC = "arn:aws:sns:eu-central-1:123456789012:operators"
FORMER_TOPIC = "arn:aws:sns:eu-central-1:123456789012:former"


def emitted():
    """Return (namespace, name, unit, dimensions) of every metric that the code emits.

    The calls are read from the sources and carried out, so names and dimensions are those of the written lines.
    """
    stream = io.StringIO()
    metrics = EmfMetrics(
        clock=FakeClock(), namespace=AwsSettings.model_fields["metrics_namespace"].default, stream=stream
    )
    for folder in ("shared", "workers", "api_gateway_ws"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match call:
                    case ast.Call(
                        func=ast.Attribute(attr=method, value=owner),
                        args=[ast.Constant(value=str(name)), *_],
                        keywords=keywords,
                    ) if method in METHODS and ast.unparse(owner).endswith("metrics"):
                        getattr(metrics, method)(name, 1, **{str(each.arg): "any" for each in keywords})
    found = set()
    for line in map(json.loads, stream.getvalue().splitlines()):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                for dimensions in directive["Dimensions"]:
                    found.add((directive["Namespace"], metric["Name"], metric["Unit"], tuple(dimensions)))
    return found


def widgets(deployment):
    body = json.loads(deployment.properties("Dashboard")["DashboardBody"])
    return {each["properties"]["title"]: each["properties"] for each in body["widgets"]}


def read_metrics(widget):
    """Return (namespace, name, dimensions) of the metrics of a widget; an expression is none."""
    for metric in widget["metrics"]:
        names = [part for part in metric if isinstance(part, str)]
        if names:
            yield names[0], names[1], tuple(names[2::2])


def test_the_dashboard_reads_metrics_that_the_code_emits():
    """A misspelt name, another namespace or a dimension would be an empty widget, and nobody would know why."""
    written = {(namespace, name, dimensions) for namespace, name, _, dimensions in emitted()}
    displayed = [metric for widget in widgets(Deployment(TEMPLATE)).values() for metric in read_metrics(widget)]
    assert sorted(name for _, name, _ in displayed) == ["AppointmentCreated", "BedrockLatency", "KBCacheHit"]
    assert set(displayed) <= written


def test_the_alarm_reads_the_metric_that_the_code_emits_in_its_unit():
    """An alarm on a metric without data never rings."""
    alarm = Deployment(TEMPLATE).properties("BedrockLatencyAlarm")
    dimensions = tuple(each["Name"] for each in alarm.get("Dimensions", ()))
    assert (alarm["Namespace"], alarm["MetricName"], "Milliseconds", dimensions) in emitted()
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Average",
        "GreaterThanThreshold",
        5000,
    )


def test_each_widget_shows_what_its_title_says():
    """A number covers the whole time range; that of the appointments is always the last day."""
    appointments, latency, hits = widgets(Deployment(TEMPLATE)).values()
    assert appointments["title"] == "Appointments created in the last 24 h"
    assert (appointments["view"], appointments["stat"], appointments["start"]) == ("singleValue", "Sum", "-PT24H")
    assert appointments["setPeriodToTimeRange"] is True
    assert (latency["view"], latency["stat"]) == ("timeSeries", "Average")
    assert [each["value"] for each in latency["annotations"]["horizontal"]] == [5000]
    assert (hits["view"], hits["stat"], hits["setPeriodToTimeRange"]) == ("singleValue", "Average", True)
    assert hits["metrics"][0] == [{"expression": "100 * hits", "id": "rate", "label": "%"}]


def test_a_namespace_of_its_own_separates_the_metrics_of_a_stack():
    """Functions, widgets, alarm and pools have the same one."""
    deployment = Deployment(TEMPLATE, MetricsNamespace="StrideChat-test")
    displayed = {space for widget in widgets(deployment).values() for space, _, _ in read_metrics(widget)}
    assert displayed == {"StrideChat-test"}
    assert deployment.properties("BedrockLatencyAlarm")["Namespace"] == "StrideChat-test"
    variables = [deployment.properties(name)["Environment"]["Variables"] for name in FUNCTIONS]
    assert {each["METRICS_NAMESPACE"] for each in variables} == {"StrideChat-test"}
    assert deployment.output("MetricsNamespace") == "StrideChat-test"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "Chatbot-Dashboard"),
        ({"Prefix": "stride-test"}, "Chatbot-Dashboard-stride-test-eu-central-1"),
        ({"AWS::Region": "us-east-1"}, "Chatbot-Dashboard-stride-us-east-1"),
        ({"Prefix": "stride-test", "DashboardName": "Testing"}, "Testing"),
    ],
)
def test_a_second_stack_in_an_account_has_another_dashboard(parameters, name):
    """Names of dashboards are unique in an account, across its regions; prefixes in a region."""
    assert Deployment(TEMPLATE, **parameters).properties("Dashboard")["DashboardName"] == name


def test_a_stack_without_a_dashboard_has_its_alarm():
    """An account pays for its fourth dashboard."""
    resources = Deployment(TEMPLATE, DashboardName="").resources()
    assert "Dashboard" not in resources
    assert "BedrockLatencyAlarm" in resources


@pytest.mark.parametrize(
    ("parameters", "topic", "created"),
    [
        ({}, None, set()),
        ({"AlertTopicArn": NAMED_TOPIC}, NAMED_TOPIC, set()),
        ({"SnsTopicArn": FORMER_TOPIC}, FORMER_TOPIC, set()),
        ({"AlertTopicArn": NAMED_TOPIC, "SnsTopicArn": FORMER_TOPIC}, NAMED_TOPIC, set()),
        ({"AlertEmail": "ops@example.com"}, "AlertTopic", {"AlertTopic", "AlertSubscription"}),
        ({"AlertEmail": "ops@example.com", "AlertTopicArn": NAMED_TOPIC}, NAMED_TOPIC, {"AlertSubscription"}),
        ({"AlertEmail": "ops@example.com", "SnsTopicArn": FORMER_TOPIC}, FORMER_TOPIC, {"AlertSubscription"}),
    ],
)
def test_alarm_and_workers_notify_the_same_topic(parameters, topic, created):
    """A named topic, otherwise the one under the former name, otherwise one of this stack for the e-mail address."""
    deployment = Deployment(TEMPLATE, **parameters)
    resources = deployment.resources()
    assert {"AlertTopic", "AlertSubscription"} & set(resources) == created

    alarm = deployment.properties("BedrockLatencyAlarm")
    assert (alarm.get("AlarmActions"), alarm.get("OKActions")) == (([topic], [topic]) if topic else (None, None))
    assert deployment.properties("NotificationsFunction")["Environment"]["Variables"].get("ALERT_TOPIC_ARN") == topic
    assert deployment.output("AlertTopicArn") == topic
    [policy] = deployment.properties("NotificationsRole")["Policies"]
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "sns:Publish"]
    assert [each["Resource"] for each in allowed if "Resource" in each] == ([topic] if topic else [])
    if "AlertSubscription" in created:
        assert deployment.properties("AlertSubscription") == {
            "TopicArn": topic,
            "Protocol": "email",
            "Endpoint": "ops@example.com",
        }
