"""Executions are reserved for ingress and authorizer where Lambda permits it, unless somebody has decided."""

import pytest

from infra.deployment.concurrency import RESERVED, reserve_concurrency
from infra.deployment.errors import DeployError
from infra.deployment.findings import Verdict
from tests.fakes.aws_account.account import FakeAccount

INGRESS, AUTHORIZER = RESERVED
AUTO = dict.fromkeys(RESERVED, "auto")
NONE = dict.fromkeys(RESERVED, "none")
DECIDED = {INGRESS: "100", AUTHORIZER: "50"}


@pytest.fixture
def account():
    return FakeAccount()


def reserve(account, values=AUTO, deployed=None):
    return reserve_concurrency(account.client, values, deployed=deployed or {})


@pytest.mark.parametrize(
    ("quota", "others", "parameters"),
    [
        (10, 0, {}),
        (100, 0, {}),
        (249, 0, {}),
        (250, 0, DECIDED),
        (400, 0, DECIDED),
        (400, 150, DECIDED),
        (400, 151, {}),
        (1000, 0, DECIDED),
        (1000, 750, DECIDED),
        (1000, 751, {}),
    ],
)
def test_it_is_reserved_only_where_100_stay_unreserved(account, quota, others, parameters):
    """What functions of others have reserved counts too."""
    account.lambda_.concurrency, account.lambda_.others = quota, others
    decided, findings = reserve(account)
    assert decided == parameters
    assert findings[-1].verdict is (Verdict.OK if parameters else Verdict.NOTE)
    assert ("reserved for the ingress: 100" in findings[-1].found) == bool(parameters)


@pytest.mark.parametrize("quota", [10, 100, 250, 400, 1000])
def test_lambda_accepts_what_is_decided(operator, quota):
    """The account in memory refuses what leaves fewer than 100; a second deployment changes nothing."""
    operator.account.lambda_.concurrency = quota
    operator.deploy()
    assert operator.stack.status == "CREATE_COMPLETE"
    assert operator.account.lambda_.count_unreserved() == (quota if quota < 250 else quota - 150)
    operator.deploy()
    assert "Nothing changes" in operator.text


def test_a_number_of_the_operator_that_lambda_would_refuse_stops_the_deployment(operator):
    """The update would fail after some minutes and be rolled back."""
    operator.account.lambda_.concurrency = 400
    with pytest.raises(DeployError, match="BLOCKED"):
        operator.deploy(**{INGRESS: "301"})
    assert "301 executions are to be reserved, and 300 can be" in operator.text
    assert operator.account.cloudformation.stacks == []


def test_reservations_that_the_stack_has_do_not_count_against_it(account):
    """Otherwise a second deployment would be refused."""
    account.lambda_.concurrency, account.lambda_.others = 400, 300
    decided, findings = reserve(account, values=DECIDED, deployed=DECIDED)
    assert decided == {}
    assert findings[-1].verdict is Verdict.OK


def test_another_number_may_use_what_the_stack_has_reserved(operator):
    """250 and 50 leave 100 of 400, although only 250 are unreserved before."""
    operator.account.lambda_.concurrency = 400
    operator.deploy()
    with pytest.raises(DeployError, match="BLOCKED"):
        operator.deploy(**{INGRESS: "251"})
    operator.deploy(**{INGRESS: "250"})
    assert operator.account.lambda_.count_unreserved() == 100


def test_a_decision_of_the_operator_stays(operator):
    """`none` is no `auto`: it is not decided again."""
    operator.deploy(**NONE)
    operator.deploy()
    assert {name: operator.stack.parameters[name] for name in RESERVED} == NONE
    assert operator.account.lambda_.count_unreserved() == 1000


def test_a_reservation_is_removed_and_decided_again(operator):
    """`none` switches it off, and `auto` on again."""
    operator.deploy()
    operator.deploy(**NONE)
    assert operator.account.lambda_.count_unreserved() == 1000
    operator.deploy(**AUTO)
    assert operator.account.lambda_.count_unreserved() == 850


def test_it_is_reserved_once_the_quota_is_raised(operator):
    """New accounts start with few executions."""
    operator.account.lambda_.concurrency = 10
    operator.deploy()
    assert "nothing more is reserved: 150 executions are wanted, and 0 can be reserved" in operator.text
    operator.account.lambda_.concurrency = 1000
    operator.deploy()
    assert f"{INGRESS}: auto -> 100" in operator.text
    assert operator.account.lambda_.count_unreserved() == 850


def test_one_number_of_the_operator_leaves_the_other_to_the_tool(account):
    """Both are counted."""
    account.lambda_.concurrency = 400
    assert reserve(account, {INGRESS: "250", AUTHORIZER: "auto"})[0] == {AUTHORIZER: "50"}
    assert reserve(account, {INGRESS: "251", AUTHORIZER: "auto"})[0] == {}


def test_a_small_quota_is_a_warning(account):
    """The installation starts, and the owner can act later."""
    account.lambda_.concurrency = 10
    warning = reserve(account)[1][0]
    assert warning.verdict is Verdict.WARNING
    assert "10 concurrent executions" in warning.found
    assert "Service Quotas" in warning.action


def test_without_permission_nothing_is_decided(account):
    """A reservation that Lambda refuses would fail the deployment."""
    account.refuse("lambda", "get_account_settings", "AccessDeniedException", "no")
    decided, [unknown] = reserve(account)
    assert decided == {}
    assert unknown.verdict is Verdict.UNKNOWN
    assert "lambda:GetAccountSettings" in unknown.action


def test_a_template_without_the_parameters_gets_none(account):
    """An older release is deployed."""
    decided, [quota] = reserve(account, {})
    assert decided == {}
    assert quota.verdict is Verdict.OK
