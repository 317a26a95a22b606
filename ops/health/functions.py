"""Checks the Lambda functions: each is active, and logged no failed start since it was changed."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.health.stores import OpenClient
from shared.aws.errors import translate_aws_errors
from shared.clock import Clock

_WORKERS = ("chat", "booking", "notifications", "failures")

_LOOKBACK = timedelta(hours=1)

_FAILED_STARTS = ('"start_failed"', '"Runtime.ImportModuleError"')
"""Patterns of our own line, and of Lambda's where the handler's module can't be imported.

Two patterns and not one with alternatives, which the emulator takes for conditions
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html).
"""

_ADVICE = "repair what the line names and deploy again; `make deploy VERSION=previous` restores the version before"


def list_function_checks(deployment: Deployment, open_client: OpenClient, *, clock: Clock) -> list[HealthCheck]:
    """Return one check for each function of the stack; pools have none."""
    checks = _Checks(deployment, open_client, clock)
    return [
        HealthCheck(
            f"function {name}",
            checks.build_function_check(name),
            "allow lambda:GetFunctionConfiguration and logs:FilterLogEvents; is the function deleted?",
        )
        for name in ("ingress", "authorizer", *(_WORKERS if deployment.variables.get("workers") == "lambda" else ()))
    ]


class _Checks:
    def __init__(self, deployment: Deployment, open_client: OpenClient, clock: Clock) -> None:
        self._deployment = deployment
        self._open_client = open_client
        self._clock = clock

    def build_function_check(self, name: str) -> Callable[[], Awaitable[Sequence[CheckResult]]]:
        async def check() -> Sequence[CheckResult]:
            return [await self._check_function(f"function {name}", self._find_deployed_name(name))]

        return check

    def _find_deployed_name(self, name: str) -> str:
        # The outputs name these two; a worker's function has no output, because its pool would not have one.
        if name in {"ingress", "authorizer"}:
            return self._deployment.require_variable(f"{name}_name")
        return f"{self._deployment.require_variable('prefix')}-{name}"

    async def _check_function(self, name: str, function: str) -> CheckResult:
        client = await self._open_client("lambda")
        with translate_aws_errors("lambda.configuration"):
            configuration = await client.get_function_configuration(FunctionName=function)
        if problem := _describe_state(configuration):
            return CheckResult(name, "problem", f"{function} {problem}", "deploy again; the change was not completed")
        changed_at = datetime.fromisoformat(configuration["LastModified"])
        failures = await self._find_failed_starts(function, max(changed_at, self._clock.now() - _LOOKBACK))
        if not failures:
            return CheckResult(name, "ok", f"{function}, last changed {changed_at:%Y-%m-%d %H:%M} UTC")
        last = max(failures, key=lambda each: each["timestamp"])
        at = datetime.fromtimestamp(last["timestamp"] / 1000, UTC)
        detail = f"{function} does not start: {_describe_failed_start(last['message'])}"
        return CheckResult(name, "problem", f"{detail} (last at {at:%H:%M:%S} UTC)", _ADVICE)

    async def _find_failed_starts(self, function: str, since: datetime) -> list[Mapping[str, Any]]:
        client = await self._open_client("logs")
        failures: list[Mapping[str, Any]] = []
        for pattern in _FAILED_STARTS:
            request: dict[str, Any] = {
                "logGroupName": f"/aws/lambda/{function}",
                "startTime": round(since.timestamp() * 1000),
                "filterPattern": pattern,
            }
            # A page may be empty although a later one is not.
            while True:
                with translate_aws_errors("logs.filter"):
                    page = await client.filter_log_events(**request)
                failures += page.get("events", ())
                if not page.get("nextToken"):
                    break
                request["nextToken"] = page["nextToken"]
        return failures


def _describe_state(configuration: Mapping[str, Any]) -> str:
    """Return what is wrong with a function whose creation or last change failed; empty otherwise."""
    for state, reason in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
        if configuration.get(state) == "Failed":
            return f"has {state} Failed: {configuration.get(reason, 'no reason')}"
    return ""


def _describe_failed_start(message: str) -> str:
    """Return the cause in our line, or Lambda's line as it is."""
    try:
        return str(json.loads(message)["error"])
    except (ValueError, KeyError, TypeError):
        return message.strip()
