"""What services of AWS do with a role, where MiniStack does it without asking: poll, log, pass, send and list.

Each function takes the one of MiniStack that it replaces.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, scheduler, sqs

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]


def check_poller(receive: Callable[[str, int], list[dict[str, Any]]]) -> Callable[[str, int], list[dict[str, Any]]]:
    """Let an event source mapping receive only if the function's role may.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """

    def receive_messages_for_esm(queue_url: str, maximum: int) -> list[dict[str, Any]]:
        if not sqs._queues[queue_url]["messages"]:
            return []
        needed = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes")
        return receive(queue_url, maximum) if _may_poll(queue_url, *needed) else []

    return receive_messages_for_esm


def check_deletion(delete: Callable[[str, set[str]], None]) -> Callable[[str, set[str]], None]:
    """Let an event source mapping delete what was processed only if the function's role may."""

    def delete_messages_for_esm(queue_url: str, receipt_handles: set[str]) -> None:
        if _may_poll(queue_url, "sqs:DeleteMessage"):
            delete(queue_url, receipt_handles)

    return delete_messages_for_esm


def check_logging(emit: Callable[..., None]) -> Callable[..., None]:
    """Let a function log only if its role may write to its log group.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """

    def emit_lambda_logs(function: Mapping[str, Any], *arguments: Any, **options: Any) -> None:
        config = function.get("config") or function
        group = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:/aws/lambda/{config['FunctionName']}"
        needed = ("logs:CreateLogStream", "logs:PutLogEvents")
        if all(is_allowed(config["Role"], action, f"{group}:log-stream:any") for action in needed):
            emit(function, *arguments, **options)

    return emit_lambda_logs


def check_passed_role(create: Callable[[str, dict[str, Any]], Any]) -> Callable[[str, dict[str, Any]], Any]:
    """Let a caller create a schedule only if it may pass the schedule's role.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    """

    def create_schedule(name: str, body: dict[str, Any]) -> Any:
        caller, role = iam_evaluator.caller_arn(), (body.get("Target") or {}).get("RoleArn", "")
        context = {"iam:passedtoservice": "scheduler.amazonaws.com"}
        if ":assumed-role/" in caller and not is_allowed(caller, "iam:PassRole", role, context):
            denial = f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role}"
            return scheduler._error(403, "AccessDeniedException", denial)
        return create(name, body)

    return create_schedule


def check_role_of_schedule(invoke: Callable[..., None]) -> Callable[..., None]:
    """Let a schedule send to its queue only if its role may; a rule has no role, but the queue's policy."""

    def invoke_target(target: Mapping[str, Any], *arguments: Any, **options: Any) -> None:
        role, arn = target.get("RoleArn"), str(target.get("Arn"))
        if not role or ":sqs:" not in arn or is_allowed(role, "sqs:SendMessage", arn):
            invoke(target, *arguments, **options)

    return invoke_target


def hide_missing_objects(handle: Handler) -> Handler:
    """Let S3 say that an object is missing only to who may list its bucket; others are denied.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        answer = await handle(method, path, headers, body, query)
        bucket, _, key = path.strip("/").partition("/")
        caller = iam_evaluator.caller_arn()
        if answer[0] != HTTPStatus.NOT_FOUND or not key or ":assumed-role/" not in caller:
            return answer
        if is_allowed(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}"):
            return answer
        denied: Answer = iam_actions.access_denied_response("s3", "s3:ListBucket", caller, "", headers=headers)
        return denied

    return handle_request


def is_allowed(principal_arn: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    """Whether the policies of a role allow an action; the role's ARN is `role/NAME` or `assumed-role/NAME/SESSION`."""
    name = principal_arn.split("/")[1]
    account = get_account_id()
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/service",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=dict(context or {}),
    )
    decision = iam_evaluator.evaluate(request, iam_evaluator._gather_role_policies(name, account)).decision
    return bool(decision == "Allow")


def _may_poll(queue_url: str, *actions: str) -> bool:
    arn = sqs._queues[queue_url]["attributes"]["QueueArn"]
    mappings = [
        mapping for _account, _region, mapping in lambda_svc._iter_all_esms() if mapping["EventSourceArn"] == arn
    ]
    roles = [lambda_svc._functions[mapping["FunctionName"]]["config"]["Role"] for mapping in mappings]
    return all(is_allowed(role, action, arn) for role in roles for action in actions)
