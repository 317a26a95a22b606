"""Checks what the alarms watch, and whether somebody gets their e-mails."""

from collections.abc import Sequence
from datetime import timedelta

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.health.stores import OpenClient
from shared.aws.errors import translate_aws_errors
from shared.clock import Clock

LATENCY_LIMIT_MS = 5000
"""The threshold of the template's alarm `BedrockLatencyAlarm`."""

_HOUR = timedelta(hours=1)

_LATENCY_ADVICE = (
    "compare the model, the documents and the quota of tokens: docs/troubleshooting.md says what makes answers slow"
)


def list_alarm_checks(deployment: Deployment, open_client: OpenClient, *, clock: Clock) -> list[HealthCheck]:
    """Return the checks of the model's latency and of the topic of alerts."""
    checks = _Checks(deployment, open_client, clock)
    return [
        HealthCheck("latency", checks.check_latency, "allow cloudwatch:GetMetricStatistics"),
        HealthCheck("alerts", checks.check_alerts, "allow sns:ListSubscriptionsByTopic; is the topic deleted?"),
    ]


class _Checks:
    def __init__(self, deployment: Deployment, open_client: OpenClient, clock: Clock) -> None:
        self._deployment = deployment
        self._open_client = open_client
        self._clock = clock

    async def check_latency(self) -> Sequence[CheckResult]:
        if self._deployment.endpoint_url:
            return [CheckResult("latency", "ok", "the emulator makes no metrics of logs")]
        client, now = await self._open_client("cloudwatch"), self._clock.now()
        with translate_aws_errors("cloudwatch.latency"):
            answer = await client.get_metric_statistics(
                Namespace=self._deployment.require_variable("metrics_namespace"),
                MetricName="BedrockLatency",
                StartTime=now - _HOUR,
                EndTime=now,
                Period=int(_HOUR.total_seconds()),
                Statistics=["Average", "SampleCount"],
            )
        points = answer.get("Datapoints", ())
        answers = round(sum(point["SampleCount"] for point in points))
        if not answers:
            return [CheckResult("latency", "ok", "no answer in the last hour")]
        milliseconds = sum(point["Average"] * point["SampleCount"] for point in points) / answers
        detail = f"{milliseconds / 1000:.1f} s on average for {answers} answers in the last hour"
        if milliseconds > LATENCY_LIMIT_MS:
            return [
                CheckResult("latency", "problem", f"{detail}, above {LATENCY_LIMIT_MS / 1000:g} s", _LATENCY_ADVICE)
            ]
        return [CheckResult("latency", "ok", detail)]

    async def check_alerts(self) -> Sequence[CheckResult]:
        if self._deployment.endpoint_url:
            return [CheckResult("alerts", "ok", "the emulator sends no e-mails about alarms")]
        variables = self._deployment.variables
        topic = variables.get("alert_topic_arn") or variables.get("sns_topic_arn")
        if not topic:
            advice = "deploy with AlertEmail=you@example.com; without a topic alerts are only logged"
            return [CheckResult("alerts", "off", "there is no topic", advice)]
        client = await self._open_client("sns")
        with translate_aws_errors("sns.subscriptions"):
            answer = await client.list_subscriptions_by_topic(TopicArn=topic)
        subscriptions = answer.get("Subscriptions", ())
        name = topic.rpartition(":")[2]
        if not subscriptions:
            return [CheckResult("alerts", "problem", f"nobody subscribes to {name}", "deploy with AlertEmail")]
        pending = [each["Endpoint"] for each in subscriptions if each["SubscriptionArn"] == "PendingConfirmation"]
        if pending:
            advice = "open the link in SNS's e-mail; Request confirmation in SNS's console sends another one"
            return [CheckResult("alerts", "problem", f"{', '.join(pending)} has not confirmed", advice)]
        return [CheckResult("alerts", "ok", f"{name} has {len(subscriptions)} subscriptions")]
