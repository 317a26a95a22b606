"""Checks settings, credentials, queues, tables, secrets, and the role of the reminder schedules."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ops.deployment import Deployment
from ops.health.checks import CheckResult, HealthCheck
from ops.queues.figures import SIDE_QUEUES
from shared.aws.errors import translate_aws_errors
from shared.ledger.failures import QUEUES

OpenClient = Callable[[str], Awaitable[Any]]
"""Opens a client of a service."""

_TABLE_KEYS = {
    "appointments": ("appointment_id", "session_id"),
    "slots": ("pk", "bucket"),
    "limits": ("quota", "seat"),
    "calendars": ("calendar_id",),
    "suppressions": ("address_hash",),
    "conversations": ("session_id", "seq"),
    "connections": ("session_id", "connection_id"),
    "processed": ("command_key",),
    "usage": ("tenant", "day"),
    "failures": ("failure_id",),
}
"""Partition key and sort key: with other keys, DynamoDB refuses every access to the table."""

_SECRETS = {
    "session_key_secret_id": "signs session tokens",
    "code_key_secret_id": "derives codes and signs links",
    "failures_key_secret_id": "decrypts payloads of failures",
    "google_secret_id": "gives access to the calendars",
}


def list_store_checks(deployment: Deployment, open_client: OpenClient) -> list[HealthCheck]:
    """Return the checks of the AWS resources of a deployment."""
    checks = _Checks(deployment, open_client)
    return [
        HealthCheck("settings", checks.check_settings, "deploy this release's template: `make deploy`"),
        HealthCheck("credentials", checks.check_credentials, "sign in to AWS, or set AWS_PROFILE"),
        *(
            HealthCheck(
                f"queue {name}",
                checks.build_queue_check(name),
                f"allow sqs:GetQueueAttributes; is {name}'s queue deleted?",
            )
            for name in QUEUES
        ),
        *(
            HealthCheck(
                f"queue {name}",
                checks.build_side_queue_check(name),
                f"allow sqs:GetQueueAttributes; is {name}'s queue deleted?",
            )
            for name in SIDE_QUEUES
        ),
        *(
            HealthCheck(
                f"table {name}",
                checks.build_table_check(name),
                f"allow dynamodb:DescribeTable; is {name}'s table deleted?",
            )
            for name in _TABLE_KEYS
        ),
        *(
            HealthCheck(
                f"secret {variable.removesuffix('_secret_id')}",
                checks.build_secret_check(variable, what_for),
                "put a value into it, and allow secretsmanager:GetSecretValue on it",
            )
            for variable, what_for in _SECRETS.items()
        ),
        HealthCheck(
            "reminders", checks.check_schedules, "deploy the template again: the role or the schedule group was deleted"
        ),
    ]


class _Checks:
    def __init__(self, deployment: Deployment, open_client: OpenClient) -> None:
        self._deployment = deployment
        self._open_client = open_client

    async def check_settings(self) -> Sequence[CheckResult]:
        required = [
            *(f"{name}_{end}" for name in QUEUES for end in ("queue_url", "dlq_url")),
            *(f"{name}_queue_url" for name in SIDE_QUEUES),
            *(f"{name}_table" for name in _TABLE_KEYS),
            *_SECRETS,
            *("knowledge_bucket", "websocket_endpoint", "schedule_group", "reminder_role_arn", "bedrock_model_id"),
        ]
        missing = [name for name in required if not self._deployment.variables.get(name)]
        if missing:
            detail = f"the stack has no output or parameter {', '.join(missing)}"
            return [CheckResult("settings", "problem", detail, "deploy this release's template to it")]
        return [CheckResult("settings", "ok", f"{self._deployment.title}: {len(required)} settings")]

    async def check_credentials(self) -> Sequence[CheckResult]:
        client = await self._open_client("sts")
        with translate_aws_errors("sts.identity"):
            identity: Mapping[str, str] = await client.get_caller_identity()
        return [
            CheckResult("credentials", "ok", f"account {identity['Account']}, {identity['Arn'].rpartition(':')[2]}")
        ]

    def build_queue_check(self, name: str) -> Callable[[], Awaitable[Sequence[CheckResult]]]:
        async def check() -> Sequence[CheckResult]:
            result = await self._check_queue(name)
            client = await self._open_client("sqs")
            with translate_aws_errors("sqs.attributes"):
                await client.get_queue_attributes(
                    QueueUrl=self._deployment.require_variable(f"{name}_dlq_url"), AttributeNames=["QueueArn"]
                )
            return [result]

        return check

    def build_side_queue_check(self, name: str) -> Callable[[], Awaitable[Sequence[CheckResult]]]:
        async def check() -> Sequence[CheckResult]:
            return [await self._check_queue(name)]

        return check

    async def _check_queue(self, name: str) -> CheckResult:
        client = await self._open_client("sqs")
        with translate_aws_errors("sqs.attributes"):
            answer = await client.get_queue_attributes(
                QueueUrl=self._deployment.require_variable(f"{name}_queue_url"),
                AttributeNames=["RedrivePolicy", "QueueArn"],
            )
        if "RedrivePolicy" not in answer["Attributes"]:
            advice = "without one a message that crashes its workers is delivered forever: deploy the template again"
            return CheckResult(f"queue {name}", "problem", "it has no redrive policy", advice)
        return CheckResult(f"queue {name}", "ok", answer["Attributes"].get("QueueArn", ""))

    def build_table_check(self, name: str) -> Callable[[], Awaitable[Sequence[CheckResult]]]:
        async def check() -> Sequence[CheckResult]:
            client, deployed = await self._open_client("dynamodb"), self._deployment.require_variable(f"{name}_table")
            with translate_aws_errors("dynamodb.describe"):
                answer = await client.describe_table(TableName=deployed)
            return [_check_table(f"table {name}", answer["Table"], deployed, _TABLE_KEYS[name])]

        return check

    def build_secret_check(self, variable: str, what_for: str) -> Callable[[], Awaitable[Sequence[CheckResult]]]:
        async def check() -> Sequence[CheckResult]:
            name, client = variable.removesuffix("_secret_id"), await self._open_client("secretsmanager")
            with translate_aws_errors("secrets.get"):
                answer = await client.get_secret_value(SecretId=self._deployment.require_variable(variable))
            if not answer.get("SecretString", "").strip():
                return [CheckResult(f"secret {name}", "problem", "it is empty", f"it {what_for}: put a value into it")]
            return [CheckResult(f"secret {name}", "ok", what_for)]

        return check

    async def check_schedules(self) -> Sequence[CheckResult]:
        scheduler, iam = await self._open_client("scheduler"), await self._open_client("iam")
        role = self._deployment.require_variable("reminder_role_arn").rpartition("/")[2]
        with translate_aws_errors("schedules"):
            await scheduler.get_schedule_group(Name=self._deployment.require_variable("schedule_group"))
            await iam.get_role(RoleName=role)
        return [CheckResult("reminders", "ok", f"{role} may send them to the booking queue")]


def _check_table(name: str, table: Mapping[str, Any], deployed: str, keys: Sequence[str]) -> CheckResult:
    if table["TableStatus"] not in {"ACTIVE", "UPDATING"}:
        return CheckResult(name, "problem", f"{deployed} is {table['TableStatus']}", "wait, then run the check again")
    # The partition key is HASH, the sort key RANGE.
    key = [each["AttributeName"] for each in sorted(table["KeySchema"], key=lambda each: each["KeyType"])]
    if key != list(keys):
        detail = f"{deployed} has the key {', '.join(key)}, which does not match the schema {', '.join(keys)}"
        return CheckResult(name, "problem", detail, "deploy with the name of another table, or with another Prefix")
    return CheckResult(name, "ok", deployed)
