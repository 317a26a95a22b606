"""Looks at credentials, queues, tables, secrets and the role of the reminders' schedules."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ops.deployment import Deployment
from ops.health.checks import Check, Examination
from shared.aws.errors import translate_aws_errors
from shared.ledger.failures import QUEUES

Open = Callable[[str], Awaitable[Any]]
"""Opens a client of a service."""

_TABLES = (
    *("appointments", "slots", "limits", "calendars", "suppressions"),
    *("conversations", "connections", "processed", "usage", "failures"),
)
_SECRETS = {
    "session_key_secret_id": "signs conversations",
    "code_key_secret_id": "makes codes and links",
    "failures_key_secret_id": "opens what failed",
    "google_secret_id": "opens the calendars",
}


def examinations(deployment: Deployment, client: Open) -> list[Examination]:
    """Return what there is to look at in AWS itself."""
    looks = _Looks(deployment, client)
    return [
        Examination("settings", looks.settings, "deploy this release's template: `make deploy`"),
        Examination("credentials", looks.credentials, "sign in to AWS, or set AWS_PROFILE"),
        *(
            Examination(f"queue {name}", looks.queue(name), f"allow sqs:GetQueueAttributes; is {name}'s queue deleted?")
            for name in QUEUES
        ),
        Examination("queue feedback", looks.feedback, "allow sqs:GetQueueAttributes; is feedback's queue deleted?"),
        *(
            Examination(f"table {name}", looks.table(name), f"allow dynamodb:DescribeTable; is {name}'s table deleted?")
            for name in _TABLES
        ),
        *(
            Examination(
                f"secret {variable.removesuffix('_secret_id')}",
                looks.secret(variable, what_for),
                "put a value into it, and allow secretsmanager:GetSecretValue on it",
            )
            for variable, what_for in _SECRETS.items()
        ),
        Examination("reminders", looks.schedules, "deploy the template anew: the role or the group is gone"),
    ]


class _Looks:
    def __init__(self, deployment: Deployment, client: Open) -> None:
        self._deployment = deployment
        self._client = client

    async def settings(self) -> Sequence[Check]:
        wanted = [
            *(f"{name}_{end}" for name in QUEUES for end in ("queue_url", "dlq_url")),
            "feedback_queue_url",
            *(f"{name}_table" for name in _TABLES),
            *_SECRETS,
            *("knowledge_bucket", "websocket_endpoint", "schedule_group", "reminder_role_arn", "bedrock_model_id"),
        ]
        missing = [name for name in wanted if not self._deployment.variables.get(name)]
        if missing:
            detail = f"the stack does not say {', '.join(missing)}"
            return [Check("settings", "problem", detail, "deploy this release's template to it")]
        return [Check("settings", "ok", f"{self._deployment.title}: {len(wanted)} settings")]

    async def credentials(self) -> Sequence[Check]:
        client = await self._client("sts")
        with translate_aws_errors("sts.identity"):
            identity: Mapping[str, str] = await client.get_caller_identity()
        return [Check("credentials", "ok", f"account {identity['Account']}, {identity['Arn'].rpartition(':')[2]}")]

    def queue(self, name: str) -> Callable[[], Awaitable[Sequence[Check]]]:
        async def look() -> Sequence[Check]:
            check = await self._queue(name)
            client = await self._client("sqs")
            with translate_aws_errors("sqs.attributes"):
                await client.get_queue_attributes(
                    QueueUrl=self._deployment.named(f"{name}_dlq_url"), AttributeNames=["QueueArn"]
                )
            return [check]

        return look

    async def feedback(self) -> Sequence[Check]:
        # What it gives up goes to the dead letters of notifications.
        return [await self._queue("feedback")]

    async def _queue(self, name: str) -> Check:
        client = await self._client("sqs")
        with translate_aws_errors("sqs.attributes"):
            answer = await client.get_queue_attributes(
                QueueUrl=self._deployment.named(f"{name}_queue_url"), AttributeNames=["RedrivePolicy", "QueueArn"]
            )
        if "RedrivePolicy" not in answer["Attributes"]:
            advice = "without one a message whose workers die goes round for ever: deploy the template anew"
            return Check(f"queue {name}", "problem", "it has no redrive policy", advice)
        return Check(f"queue {name}", "ok", answer["Attributes"].get("QueueArn", ""))

    def table(self, name: str) -> Callable[[], Awaitable[Sequence[Check]]]:
        async def look() -> Sequence[Check]:
            client, deployed = await self._client("dynamodb"), self._deployment.named(f"{name}_table")
            with translate_aws_errors("dynamodb.describe"):
                answer = await client.describe_table(TableName=deployed)
            status = answer["Table"]["TableStatus"]
            if status not in {"ACTIVE", "UPDATING"}:
                return [Check(f"table {name}", "problem", f"{deployed} is {status}", "wait, then look again")]
            return [Check(f"table {name}", "ok", deployed)]

        return look

    def secret(self, variable: str, what_for: str) -> Callable[[], Awaitable[Sequence[Check]]]:
        async def look() -> Sequence[Check]:
            name, client = variable.removesuffix("_secret_id"), await self._client("secretsmanager")
            with translate_aws_errors("secrets.get"):
                answer = await client.get_secret_value(SecretId=self._deployment.named(variable))
            if not answer.get("SecretString", "").strip():
                return [Check(f"secret {name}", "problem", "it is empty", f"it {what_for}: put a value into it")]
            return [Check(f"secret {name}", "ok", what_for)]

        return look

    async def schedules(self) -> Sequence[Check]:
        scheduler, iam = await self._client("scheduler"), await self._client("iam")
        role = self._deployment.named("reminder_role_arn").rpartition("/")[2]
        with translate_aws_errors("schedules"):
            await scheduler.get_schedule_group(Name=self._deployment.named("schedule_group"))
            await iam.get_role(RoleName=role)
        return [Check("reminders", "ok", f"{role} may put them on the booking queue")]
