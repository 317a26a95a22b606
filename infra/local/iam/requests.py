"""Which action and which resource a request asks for, where MiniStack names others than AWS does.

Each function takes the one of MiniStack that it replaces.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, dynamodb

ExtractAction = Callable[..., str | None]
ExtractResource = Callable[..., str]
Answer = tuple[int, dict[str, str], bytes] | None

_SINGLE_ACTIONS = {
    f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
}
_SEND_EMAIL = ("POST", "/v2/email/outbound-emails")


def ask_for_single_action(extract: ExtractAction) -> ExtractAction:
    """Let a batch call of SQS ask for the permission of the single call: the batch has none.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api.html
    """

    def extract_iam_action(*arguments: Any, **options: Any) -> str | None:
        action = extract(*arguments, **options)
        return _SINGLE_ACTIONS.get(action, action) if action else None

    return extract_iam_action


def name_schedule_group(extract: ExtractResource) -> ExtractResource:
    """Name a schedule with its group, where MiniStack always names the group `default`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    """

    def extract_resource_arn(service: str, *request: Any) -> str:
        arn = extract(service, *request)
        if service != "scheduler" or ":schedule/default/" not in arn:
            return arn
        _method, _path, _headers, body, query, *_ = request
        group = _parse_body(body).get("GroupName") or _first(query.get("groupName")) or "default"
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    return extract_resource_arn


def name_stack_of_change_set(extract: ExtractResource) -> ExtractResource:
    """Name the stack where a request names only a change set: for AWS the stack is the resource of these actions.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    """

    def extract_resource_arn(service: str, *request: Any) -> str:
        arn = extract(service, *request)
        _method, _path, _headers, _body, query, *_ = request
        if service != "cloudformation" or arn != "*" or not (change_set := _first(query.get("ChangeSetName"))):
            return arn
        return str(cloudformation._change_sets.get(change_set, {}).get("StackId", arn))

    return extract_resource_arn


def name_alarms(extract: ExtractResource, extract_action: ExtractAction) -> ExtractResource:
    """Ask for all alarms when alarms are described, where MiniStack asks for everything.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """

    def extract_resource_arn(service: str, *request: Any) -> str:
        arn = extract(service, *request)
        *call, region, account = request
        if service == "monitoring" and arn == "*" and extract_action(service, *call) == "cloudwatch:DescribeAlarms":
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:*"
        return arn

    return extract_resource_arn


def name_leading_key(describe: Callable[[bytes], dict[str, Any]]) -> Callable[[bytes], dict[str, Any]]:
    """Name the partition key of the row that a single call of DynamoDB writes or reads: `dynamodb:LeadingKeys`.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """

    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        context, call = describe(body), _parse_body(body)
        table = dynamodb._tables.get(str(call.get("TableName", "")).rpartition("/")[2])
        key = (call.get("Key") or call.get("Item") or {}).get(table["pk_name"]) if table else None
        return context | ({"dynamodb:LeadingKeys": list(key.values())} if key else {})

    return dynamodb_service_context


def check_each_identity(enforce: Callable[..., Answer], check: Callable[..., Answer]) -> Callable[..., Answer]:
    """Check an e-mail on each resource that it uses, where MiniStack checks it on none.

    `enforce` decides about every other call of SES; `check` decides about one action on one resource.
    """

    def enforce_ses_v2(method: str, path: str, *request: Any) -> Answer:
        if (method, path) != _SEND_EMAIL:
            return enforce(method, path, *request)
        headers, body, query, request_id = request
        for action, arn, context in list_checks_of_email(_parse_body(body), get_region(), get_account_id()):
            denied = check(
                *("sesv2", action, headers, query, request_id),
                resource_arn=arn,
                service_context=context,
                named_resource=arn,
            )
            if denied:
                return denied
        return None

    return enforce_ses_v2


def list_checks_of_email(
    email: Mapping[str, Any], region: str, account: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield action, resource and condition keys: for the sender, the configuration set and each recipient.

    The account is in the sandbox, as every new one: there a recipient has to be an identity, too, and SES asks for the
    permission on it (https://github.com/cloudposse/terraform-aws-ses/issues/40).
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    """
    action = "ses:SendRawEmail" if "Raw" in email.get("Content", {}) else "ses:SendEmail"
    recipients = [one for kind in email.get("Destination", {}).values() for one in kind]
    sender = email["FromEmailAddress"]
    context = {"ses:FromAddress": sender, "ses:Recipients": recipients}
    prefix = f"arn:aws:ses:{region}:{account}"
    yield action, f"{prefix}:identity/{sender}", context
    if name := email.get("ConfigurationSetName"):
        yield action, f"{prefix}:configuration-set/{name}", context
    for recipient in recipients:
        yield action, f"{prefix}:identity/{recipient}", context


def _parse_body(body: bytes) -> dict[str, Any]:
    parsed = json.loads(body or b"{}")
    return parsed if isinstance(parsed, dict) else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
