"""That a figure is a line which CloudWatch turns into a metric."""

import io
import json
from datetime import UTC, datetime

import pytest

from shared.emf import EmfMetrics
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 1, 12, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def metrics(stream):
    return EmfMetrics(clock=FakeClock(NOW), stream=stream)


def written(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_count_is_a_line_with_its_directive(metrics, stream):
    """The name and the value at the top, and where to find them beside."""
    metrics.count("AppointmentCreated")

    assert written(stream) == [
        {
            "_aws": {
                "Timestamp": 1768219200123,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "StrideChat",
                        "Dimensions": [[]],
                        "Metrics": [{"Name": "AppointmentCreated", "Unit": "Count"}],
                    }
                ],
            },
            "AppointmentCreated": 1,
        }
    ]


def test_a_figure_is_published_once(metrics, stream):
    """CloudWatch bills each set of dimensions as a metric of its own."""
    metrics.record_milliseconds("BedrockLatency", 1234.5678, tenant="salon-ania", model="haiku")

    [line] = written(stream)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["model", "tenant"]]
    assert directive["Metrics"] == [{"Name": "BedrockLatency", "Unit": "Milliseconds"}]
    assert (line["BedrockLatency"], line["tenant"], line["model"]) == (1234.6, "salon-ania", "haiku")


def test_money_is_a_whole_number_without_a_unit(metrics, stream):
    """CloudWatch has no unit for it; the sum of a month stays exact in its double precision."""
    metrics.record_nano_dollars("AnswerCostNanoDollars", 1_600_001)

    [line] = written(stream)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": "AnswerCostNanoDollars", "Unit": "None"}]
    assert line["AnswerCostNanoDollars"] == 1_600_001


def test_a_deployment_may_have_its_own_namespace(stream):
    """Metrics of two stacks in one account and region are not added up."""
    EmfMetrics(clock=FakeClock(NOW), namespace="StrideChat-test", stream=stream).count("AppointmentCreated")

    [line] = written(stream)
    assert [each["Namespace"] for each in line["_aws"]["CloudWatchMetrics"]] == ["StrideChat-test"]


def test_each_figure_is_a_line_of_its_own(metrics, stream):
    """Line ends in a dimension break nothing; a count of 0 is a figure too, for an average."""
    metrics.count("KBCacheHit", 0, tenant="a\nb")
    metrics.count("KBCacheHit", 1)

    assert [line["KBCacheHit"] for line in written(stream)] == [0, 1]


def test_one_value_is_a_number_and_several_are_a_list(metrics, stream):
    """CloudWatch reads both, and makes percentiles of the list."""
    metrics.record_milliseconds("HandlerTime", 12.34, Queue="chat.fifo")
    metrics.record_milliseconds("HandlerTime", 1.04, 20, 300.26, Queue="chat.fifo")

    assert [line["HandlerTime"] for line in written(stream)] == [12.3, [1.0, 20, 300.3]]
    assert [line["Queue"] for line in written(stream)] == ["chat.fifo"] * 2


def test_a_hundred_values_are_one_line(metrics, stream):
    """As many as one line may carry."""
    metrics.record_milliseconds("ReceiveLag", *range(100))

    [line] = written(stream)
    assert line["ReceiveLag"] == list(range(100))
