"""What can't be deployed is refused before packages are built, uploaded or planned."""

import pytest

from infra import deploy
from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from infra.deployment.request_check import check_stack_name
from tests.unit.infra.deployment.operator import EMAIL

REFUSED = [
    ("SesFromEmail", "visits of us@example.com", "a plain address such as visits@example.com, or empty"),
    ("SesFromEmail", "\N{LATIN SMALL LETTER Z WITH DOT ABOVE}@example.com", "a plain address"),
    ("Workers", "ecs", "one of lambda, pools"),
    ("Workers", "", "one of lambda, pools"),
    ("Prefix", "Stride", r"text that matches \[a-z\]"),
    ("NoticesPerMinute", "many", "a number at least 1 and at most 60000"),
    ("NoticesPerMinute", "nan", "a number at least 1"),
    ("NoticesPerMinute", "60001", "a number at least 1"),
    ("SmsMaxPriceUsd", "0", "a number at least 0.01"),
    ("SmsSenderId", "A" * 12, "up to eleven letters"),
    ("SmsCountries", "DE, CZ", "country codes separated by commas"),
]


@pytest.mark.parametrize("is_dry_run", [True, False])
@pytest.mark.parametrize(("name", "value", "what"), REFUSED)
def test_a_value_that_the_template_refuses_is_reported_with_what_it_must_be(operator, name, value, what, is_dry_run):
    """A dry run in an empty account asks CloudFormation nothing, and would promise what the deployment can't keep."""
    with pytest.raises(DeployError, match=f"{name}=.* is refused: it must be {what}"):
        operator.deploy_with(Request("stride", {name: value}, is_dry_run=is_dry_run))
    assert operator.account.cloudformation.change_sets == {}
    assert operator.lines == []


def test_all_refused_values_are_reported_at_once(operator):
    with pytest.raises(DeployError, match=r"SesDomain=.*; Workers="):
        operator.deploy(Workers="ecs", SesDomain="https://example.com")


def test_a_refused_secret_is_hidden(operator):
    """It would stand in the log of a workflow."""
    with pytest.raises(
        DeployError, match=r"GoogleServiceAccountKey=\*{4} is refused: .*up to 2400 characters"
    ) as error:
        operator.deploy(GoogleServiceAccountKey="secret" * 500)
    assert "secret" not in str(error.value)


def test_a_huge_value_is_shortened(operator):
    with pytest.raises(DeployError) as error:
        operator.deploy(SesDomain="x" * 100_000)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("name", ["LocalEndpoint", "LocalBedrockEndpoint", "LocalCalendarEndpoint"])
def test_addresses_of_an_emulator_are_refused_on_aws(operator, name):
    """The functions would call this machine, and the stack would lose what the emulator lacks."""
    with pytest.raises(DeployError, match=f"{name}: only for an emulator"):
        operator.deploy(**{name: "http://127.0.0.1:4566"})


def test_a_restored_version_has_its_own_package(deployed):
    """Another package than the recorded one would be restored without a check of its handlers and profiles."""
    deployed.code = "second"
    deployed.deploy()
    with pytest.raises(DeployError, match="IngressCodeKey: only this tool sets it"):
        deployed.restore(parameters={"IngressCodeKey": "other.zip"})
    with pytest.raises(DeployError, match="LogLevel='LOUD' is refused"):
        deployed.restore(parameters={"LogLevel": "LOUD"})


@pytest.mark.parametrize("name", ["", "my_stack", "a b/c", "1stride", "stride\n", "s" * 33, "s" * 200])
def test_a_stack_name_that_cannot_be_used_is_refused(name):
    """The bucket of the packages is called after it, and its name has at most 63 characters."""
    with pytest.raises(DeployError, match=r"a stack can't be called .* up to 32 characters") as error:
        check_stack_name(name, "eu-central-1")
    assert len(str(error.value)) < 250


def test_a_name_of_32_characters_fits_into_the_name_of_the_code_bucket(operator):
    check_stack_name("s" * 32, "eu-central-1")
    operator.deploy(stack="s" * 32, **EMAIL)
    stack = operator.account.cloudformation.stack("s" * 32)
    assert len(stack.parameters["CodeBucket"]) == 63


def test_the_command_checks_before_it_builds_packages_and_asks_for_the_account(monkeypatch, capsys):
    """A typing error must not cost the minute that the packages take."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for arguments, text in (
        (["--parameter", "SesForm=a@b.example"], "no parameter SesForm: did you mean SesFromEmail?"),
        (["--parameter", "Workers=ecs"], "Workers='ecs' is refused"),
        (["--stack", "my_stack"], "a stack can't be called 'my_stack'"),
    ):
        assert deploy.main(arguments) == 1
        assert text in capsys.readouterr().err
