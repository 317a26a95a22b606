"""The record tells which statements of a role allowed a call, and can be made without one of them."""

import json

import pytest
from ministack.core import iam_evaluator

from infra.local.iam.recording import Recorder, name_statements

ROLE = "stride-ChatRole-1A2B3C"
TABLE = "arn:aws:dynamodb:eu-central-1:000000000000:table"
POLICIES = [
    {
        "Statement": [
            {"Sid": "CountUsage", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": f"{TABLE}/usage"}
        ]
    },
    {"Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": f"{TABLE}/*"}]},
]


def gather(_role, _account):
    return [iam_evaluator.parse_policy_document(policy) for policy in POLICIES]


def request(table):
    return iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::000000000000:assumed-role/{ROLE}/chat",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action="dynamodb:GetItem",
        resource_arn=table,
        region="eu-central-1",
    )


def record(tmp_path, policies, table):
    file = tmp_path / "record.jsonl"
    Recorder(file).record_decisions(iam_evaluator.evaluate)(request(table), policies)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("table", "decision", "statements"),
    [
        (f"{TABLE}/usage", "Allow", ["CountUsage", "1.0"]),
        (f"{TABLE}/slots", "Allow", ["1.0"]),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/usage", "ImplicitDeny", []),
    ],
)
def test_every_statement_that_allows_a_call_is_recorded(tmp_path, table, decision, statements):
    """Not the first one alone: a statement is needed only where no other one allows the call."""
    [entry] = record(tmp_path, name_statements(gather)(ROLE, "000000000000"), table)
    assert (entry["decision"], entry["statements"], entry["role"]) == (decision, statements, ROLE)


def test_the_policy_of_a_resource_is_not_recorded(tmp_path):
    """A queue's or a bucket's policy is evaluated in the same way, and is none of the role's."""
    assert record(tmp_path, gather(ROLE, "000000000000"), f"{TABLE}/usage") == []


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ("", ["CountUsage", "1.0"]),
        ("ChatRole.CountUsage", ["1.0"]),
        ("ChatRole.Other", ["CountUsage", "1.0"]),
        ("BookingRole.CountUsage", ["CountUsage", "1.0"]),
    ],
)
def test_a_statement_can_be_left_out_of_one_role(without, left):
    """The statements of other roles stay, also those with the same name."""
    named = name_statements(gather, without=without)(ROLE, "000000000000")
    assert [one.sid for statements in named for one in statements] == left
