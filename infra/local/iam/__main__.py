"""Runs MiniStack with IAM enforced: `python -m infra.local.iam`, with `AUTH=true` in the environment.

Every function runs with its role and nothing is allowed by default. Each difference from AWS that decides about a
permission is corrected here: in what a request asks for (`requests`), in what services do with a role (`services`), and
in references of CloudFormation (`secret_references`). MiniStack's own code decides.
"""

import os
from pathlib import Path

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import eventbridge, lambda_svc, scheduler, sqs
from ministack.services.cloudformation import provisioners

from infra.local.iam import recording, requests, secret_references, services
from infra.local.queueing_emulator import run_emulator

RECORD = "IAM_RECORD"
"""The variable with the file of the record; without it nothing is recorded."""

WITHOUT = "IAM_WITHOUT"
"""The variable with a statement to leave out, such as `ChatRole.CountUsage`."""

_SCHEDULER_TICK_SECONDS = 1


def correct_emulator() -> None:
    """Replace the functions of MiniStack that differ from AWS."""
    iam_evaluator.parse_policy_document = recording.parse_once(iam_evaluator.parse_policy_document)
    iam_evaluator._gather_role_policies = recording.name_statements(
        iam_evaluator._gather_role_policies, without=os.environ.get(WITHOUT, "")
    )
    if record := os.environ.get(RECORD):
        iam_evaluator.evaluate = recording.Recorder(Path(record)).record_decisions(iam_evaluator.evaluate)
    iam_actions.extract_iam_action = requests.ask_for_single_action(iam_actions.extract_iam_action)
    extract = requests.name_schedule_group(iam_actions.extract_resource_arn)
    extract = requests.name_stack_of_change_set(extract)
    iam_actions.extract_resource_arn = requests.name_alarms(extract, iam_actions.extract_iam_action)
    iam_actions.dynamodb_service_context = requests.name_leading_key(iam_actions.dynamodb_service_context)
    app._enforce_ses_v2 = requests.check_each_identity(app._enforce_ses_v2, app._enforce_data_plane)
    scheduler._create_schedule = services.check_passed_role(scheduler._create_schedule)
    scheduler._SCHEDULE_TICK_INTERVAL = _SCHEDULER_TICK_SECONDS
    eventbridge._invoke_target = services.check_role_of_schedule(eventbridge._invoke_target)
    sqs._receive_messages_for_esm = services.check_poller(sqs._receive_messages_for_esm)
    sqs._delete_messages_for_esm = services.check_deletion(sqs._delete_messages_for_esm)
    lambda_svc._emit_lambda_logs = services.check_logging(lambda_svc._emit_lambda_logs)
    app.SERVICE_HANDLERS["s3"] = services.hide_missing_objects(app.SERVICE_HANDLERS["s3"])
    secret_references.refer_to_secrets_by_arn(provisioners._RESOURCE_HANDLERS)


if __name__ == "__main__":
    correct_emulator()
    run_emulator()
