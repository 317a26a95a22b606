"""What the end-to-end tests needed of the roles, by the record of a run of all of them.

`.stride/build/iam/report.json` has the calls and tests of each statement.
"""

import json
from collections import Counter, defaultdict

import pytest

from tests.iam.record import LAMBDA_FILE, REPORT, Decision, read_decisions
from tests.iam.statements import Permission, list_permissions

pytestmark = pytest.mark.iam

NO_XRAY = "the emulator has no X-Ray"
NO_BEDROCK = "models are a stand-in, which knows no roles; tests/infra/test_models.py evaluates the policy"
RAW_ONLY = "every e-mail is a raw one; AWS does not say which of the two actions SendEmail of SES v2 needs then"
LONG_PAYLOAD = "of payloads that are too long for one item; tests/contracts/stores writes them"
LIMIT = "of a limit on visits, which the demo business does not have"
SHARED = "the policy is that of several workers, of which booking checks a claim within a transaction"

UNUSED = {
    ("*", "SendTraces", "*"): NO_XRAY,
    ("ChatRole", "InvokeModel", "*"): NO_BEDROCK,
    ("ChatRole", "InvokeModelInEveryRegion", "*"): NO_BEDROCK,
    ("NotificationsRole", "SendEmail", "ses:SendEmail"): RAW_ONLY,
    ("NotificationsRole", "SendEmailInTheSandbox", "ses:SendEmail"): RAW_ONLY,
    ("FailuresRole", "KeepFailures", "dynamodb:UpdateItem"): LONG_PAYLOAD,
    ("FailuresRole", "KeepFailures", "dynamodb:DeleteItem"): LONG_PAYLOAD,
    ("BookingRole", "LimitHolds", "dynamodb:UpdateItem"): LIMIT,
    ("ChatRole", "ClaimCommands", "dynamodb:ConditionCheckItem"): SHARED,
    ("FailuresRole", "ClaimCommands", "dynamodb:ConditionCheckItem"): SHARED,
}
"""What no test needs, with the reason. `*` stands for every role or action."""

RACE = "after a write that another worker was faster with; tests/contracts/stores has the cases"
GONE = "of a connection that ended shortly before; tests/e2e/test_permissions.py has it for chat and booking"
CIRCUIT = "of a model's circuit that opens, which takes slow failures in a row; tests/contracts/stores has the row"
LATE_CODE = "while SES takes no code for four seconds; tests/soak/test_recovery.py has it"
LEASE = "of leases that are extended while a handler runs, if that takes long enough"

OCCASIONAL = {
    ("*", "ClaimCommands", "dynamodb:GetItem"): RACE,
    ("*", "ClaimNotices", "dynamodb:GetItem"): RACE,
    ("*", "StoreFrames", "dynamodb:GetItem"): RACE,
    ("BookingRole", "KeepSlots", "dynamodb:GetItem"): RACE,
    ("FailuresRole", "FindConnections", "dynamodb:DeleteItem"): GONE,
    ("*", "ClaimCommands", "dynamodb:BatchGetItem"): LEASE,
    ("*", "ClaimNotices", "dynamodb:BatchGetItem"): LEASE,
    ("ChatRole", "RecordCircuits", "dynamodb:PutItem"): CIRCUIT,
    ("NotificationsRole", "PostProgress", "execute-api:ManageConnections"): LATE_CODE,
    ("NotificationsRole", "LimitSendRate", "dynamodb:PutItem"): "a notice that waits for its send slot stores it",
}
"""What is needed in some runs only, depending on the order of events."""


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    """Return all decisions; they include those of stacks that were stopped."""
    found = read_decisions()
    assert found, "nothing is recorded: run `make test` or `make test-iam`"
    return found


@pytest.fixture(scope="module")
def permissions() -> set[Permission]:
    """Return what the two stacks allowed their roles."""
    return list_permissions(Workers="pools") | list_permissions(Workers="lambda", WorkersCodeKey="workers")


def is_excepted(permission: Permission) -> bool:
    roles, actions = (permission.role, "*"), (permission.action, "*")
    keys = {(role, permission.statement, action) for role in roles for action in actions}
    return not keys.isdisjoint(UNUSED | OCCASIONAL)


def used_permissions(decisions: list[Decision]) -> set[Permission]:
    return {Permission(one.role, name, one.action) for one in decisions for name in one.statements}


def test_nothing_was_denied(decisions: list[Decision]):
    """A denial is a missing permission, also where the code goes on without what it asked for."""
    denied = Counter((one.role, one.action, one.resource) for one in decisions if not one.is_allowed)
    assert denied == {}


def test_functions_receive_with_their_roles(decisions: list[Decision]):
    """The emulator polls the queues for them; it must ask as Lambda does."""
    on_lambda = {(one.role, one.action) for one in decisions if LAMBDA_FILE in one.test}
    roles = ("ChatRole", "BookingRole", "NotificationsRole", "FailuresRole")
    actions = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes", "logs:PutLogEvents")
    assert {(role, action) for role in roles for action in actions} - on_lambda == set()


def test_every_statement_was_needed(decisions: list[Decision], permissions: set[Permission]):
    """For each there is a call that no other statement of the role allows."""
    needed = {(one.role, one.statements[0]) for one in decisions if len(one.statements) == 1}
    excepted = {(each.role, each.statement) for each in permissions if is_excepted(each)}
    stated = {(each.role, each.statement) for each in permissions}
    assert stated - needed - excepted == set()


def test_every_action_was_used(decisions: list[Decision], permissions: set[Permission]):
    """By each role that a statement applies to, but for those that are listed with a reason."""
    unused = permissions - used_permissions(decisions)
    assert sorted(each for each in unused if not is_excepted(each)) == []


def test_no_exception_is_out_of_date(decisions: list[Decision], permissions: set[Permission]):
    """What is used needs no reason for being unused, and what is not in the template neither."""
    unused = permissions - used_permissions(decisions)
    stale = {
        key
        for key in UNUSED
        if not any(
            key[0] in {"*", each.role} and key[1] == each.statement and key[2] in {"*", each.action} for each in unused
        )
    }
    assert stale == set()


def test_the_report_is_written(decisions: list[Decision]):
    """Role, statement, calls by action, and the tests that needed the statement, those that call least first."""
    calls: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    tests: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in decisions:
        for name in one.statements:
            calls[one.role, name][one.action] += 1
        if len(one.statements) == 1:
            tests[one.role, one.statements[0]].add(one.test)
    length = Counter(one.test for one in decisions)
    report = [
        {
            "role": role,
            "statement": name,
            "calls": dict(sorted(calls[role, name].items())),
            "tests": sorted(tests[role, name], key=lambda test: (length[test], test)),
        }
        for role, name in sorted(calls)
    ]
    REPORT.write_text(json.dumps(report, indent=1), encoding="utf-8")
    assert {entry["role"] for entry in report} >= {"AuthorizerRole", "IngressRole", "ReminderRole"}
