"""The lines of `stride doctor` in docs/troubleshooting.md are those that it prints."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace

import httplib2
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from ops.deployment import Deployment
from ops.health import alarms, functions, guardrails, models, services, stores
from ops.health.checks import run_checks
from tests.fakes.business_calendar import FakeCalendar
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.tenants import FakeTenants
from tests.unit.ops.cli.conftest import Terminal
from tests.unit.ops.health.values import FakeEvents, client_error, make_profile
from tests.unit.troubleshooting_page import DOCTOR_LINES
from workers.booking.adapters.google.errors import translate_google_errors
from workers.booking.facade import BookingFacade

MODEL, OTHER_MODEL = "eu.anthropic.claude-haiku-9", "eu.anthropic.claude-opus-9"
SALON, TOPIC = "salon-ania", "arn:aws:sns:eu-central-1:123456789012:stride-alerts"
KEYS = stores._TABLE_KEYS


class FakeAws:
    """Clients of all services; each operation has an answer, an error, or a function that returns one of them."""

    def __init__(self, answers):
        self._answers = HEALTHY | answers

    async def open_client(self, _service):
        return self

    def __getattr__(self, operation):
        async def call(**request):
            answer = self._answers[operation]
            answer = answer(**request) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def describe_table(*, TableName, keys=None):  # noqa: N803 - AWS names it so
    kinds = zip(keys or KEYS[TableName], ("HASH", "RANGE"), strict=False)
    schema = [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]
    return {"Table": {"TableStatus": "ACTIVE", "KeySchema": schema}}


HEALTHY = {
    "get_queue_attributes": {"Attributes": {"QueueArn": "arn", "RedrivePolicy": "{}"}},
    "describe_table": describe_table,
    "get_secret_value": {"SecretString": "x"},
    "get_caller_identity": {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/anna"},
    "get_schedule_group": {},
    "get_role": {},
    "get_function_configuration": {"State": "Active", "LastModified": "2026-01-01T00:00:00.000+0000"},
    "filter_log_events": {"events": []},
    "get_metric_statistics": {"Datapoints": []},
    "list_subscriptions_by_topic": {"Subscriptions": [{"Endpoint": "a@example.com", "SubscriptionArn": "arn"}]},
    "converse_stream": lambda **_: {"stream": FakeEvents()},
    "get_email_identity": {"VerifiedForSendingStatus": True},
    "get_account": {"SendingEnabled": True, "ProductionAccessEnabled": True},
    "get_sms_sandbox_account_status": {"IsInSandbox": False},
}

VARIABLES = {
    **{f"{name}_{end}": "url" for name in ("booking", "chat", "notifications") for end in ("queue_url", "dlq_url")},
    **{f"{name}_table": name for name in KEYS},
    **{f"{name}_key_secret_id": name for name in ("session", "code", "failures")},
    "codes_queue_url": "url",
    "feedback_queue_url": "url",
    "google_secret_id": "google",
    "knowledge_bucket": "b",
    "websocket_endpoint": "e",
    "schedule_group": "g",
    "reminder_role_arn": "r/r",
    "metrics_namespace": "StrideChat",
    "alert_topic_arn": TOPIC,
    "prefix": "stride",
    "workers": "lambda",
    "ingress_name": "stride-ingress",
    "authorizer_name": "stride-a",
    "bedrock_model_id": MODEL,
    "allowed_model_ids": MODEL,
    "ses_from_email": "visits@example.com",
    "sms_enabled": "true",
}


def refuse(name, code):
    """Return an answer that refuses one table or secret."""

    def answer(**request):
        [requested] = request.values()
        if requested == name:
            return client_error(code, "Any")
        return describe_table(**request) if "TableName" in request else HEALTHY["get_secret_value"]

    return answer


def log_failed_import(*, logGroupName, **_request):  # noqa: N803 - AWS names it so
    if not logGroupName.endswith("-chat"):
        return {"events": []}
    line = {"event": "start_failed", "error": "ModuleNotFoundError: No module named 'structlog'"}
    at = NOON - timedelta(minutes=1)
    return {"events": [{"timestamp": at.timestamp() * 1000, "message": json.dumps(line)}]}


def describe_other_table(*, TableName):  # noqa: N803 - AWS names it so
    return describe_table(TableName=TableName, keys=["id"] if TableName == "appointments" else None)


class RefusedCalendar(FakeCalendar):
    """A calendar whose reading Google refuses."""

    def __init__(self, error):
        super().__init__("calendar")
        self._error = error

    async def find_busy_times(self, *_arguments, **_options):
        with translate_google_errors("calendar.busy", SimpleNamespace(forget=lambda: None)):
            raise self._error


def make_read_only_calendar():
    calendar = FakeCalendar("calendar")
    calendar.read_only.add("calendar")
    return calendar


GUARDED = {SALON: make_profile(model={"guardrail": {"id": "abc123def456", "version": 3}})}


def refuse_guardrail(code):
    """Return an answer that refuses a request with a guardrail, and none without."""

    def answer(**request):
        return client_error(code, "ConverseStream") if "guardrailConfig" in request else {"stream": FakeEvents()}

    return answer


def subscribed(*subscriptions):
    return {"Subscriptions": [{"Endpoint": each, "SubscriptionArn": "PendingConfirmation"} for each in subscriptions]}


BROKEN = [
    {"filter_log_events": log_failed_import},
    {"describe_table": describe_other_table},
    {"describe_table": refuse("processed", "AccessDeniedException")},
    {"describe_table": refuse("failures", "ResourceNotFoundException")},
    {"get_secret_value": refuse("google", "ResourceNotFoundException")},
    {"get_queue_attributes": {"Attributes": {}}},
    {"get_caller_identity": client_error("SignatureDoesNotMatch", "GetCallerIdentity")},
    {"converse_stream": client_error("ValidationException", "ConverseStream")},
    {"converse_stream": client_error("AccessDeniedException", "ConverseStream")},
    {"converse_stream": client_error("ResourceNotFoundException", "ConverseStream")},
    {"converse_stream": client_error("ThrottlingException", "ConverseStream")},
    {"get_metric_statistics": {"Datapoints": [{"Average": 6312.4, "SampleCount": 12}]}},
    {"get_email_identity": {"VerifiedForSendingStatus": False}},
    {"get_account": {"SendingEnabled": False}},
    {"get_account": {"ProductionAccessEnabled": False}},
    {"get_sms_sandbox_account_status": {"IsInSandbox": True}},
    {"list_subscriptions_by_topic": subscribed()},
    {"list_subscriptions_by_topic": subscribed("ops@example.com")},
    {"variables": {"alert_topic_arn": ""}},
    {"tenants": {}},
    {"tenants": {SALON: make_profile(allowed_origins=[])}},
    {"tenants": {SALON: make_profile(model={"id": OTHER_MODEL})}},
    {"tenants": GUARDED, "converse_stream": refuse_guardrail("ValidationException")},
    {"tenants": GUARDED, "converse_stream": refuse_guardrail("AccessDeniedException")},
    {"calendar": RefusedCalendar(RefreshError("invalid_grant"))},
    {"calendar": RefusedCalendar(HttpError(httplib2.Response({"status": 403}), b"{}", uri="https://calendar.example"))},
    {"calendar": make_read_only_calendar()},
]
"""Deployments in each of which one thing is broken: an answer of AWS, a variable, a business or its calendar."""


async def check_deployment(*, tenants=None, calendar=None, variables=None, **answers):
    """Return the results of all checks."""
    aws, clock = FakeAws(answers), FakeClock()

    async def open_tenants():
        return FakeTenants({SALON: make_profile()} if tenants is None else tenants)

    async def open_ports():
        return SimpleNamespace(calendar=calendar or FakeCalendar("calendar"))

    async def open_booking():
        return BookingFacade(appointments=None, open_ports=open_ports)

    deployment = Deployment("stride", "eu-central-1", None, VARIABLES | (variables or {}))
    return await run_checks(
        [
            *stores.list_store_checks(deployment, aws.open_client),
            *functions.list_function_checks(deployment, aws.open_client, clock=clock),
            *models.list_model_checks(deployment, aws.open_client, open_tenants=open_tenants, clock=clock),
            *guardrails.list_guardrail_checks(deployment, aws.open_client, open_tenants=open_tenants),
            *alarms.list_alarm_checks(deployment, aws.open_client, clock=clock),
            *services.list_service_checks(
                deployment, aws.open_client, open_tenants=open_tenants, open_booking=open_booking, clock=clock
            ),
        ]
    )


def test_a_deployment_in_order_has_no_problem():
    """So each quoted line comes from the one thing that is broken."""
    assert [each for each in asyncio.run(check_deployment()) if each.state != "ok"] == []


def test_every_quoted_line_is_printed():
    """About a deployment in which just that is broken; and no deployment is here in vain."""
    terminal, printed = Terminal(), []
    for deployment in BROKEN:
        terminal.checks = asyncio.run(check_deployment(**deployment))
        printed.append({line.rstrip() for line in terminal.run("doctor").stdout.splitlines()})
    assert [line for line in DOCTOR_LINES if not any(line in lines for lines in printed)] == []
    assert [BROKEN[n] for n, lines in enumerate(printed) if not lines & set(DOCTOR_LINES)] == []
