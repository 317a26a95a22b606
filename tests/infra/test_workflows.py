"""The workflows of GitHub: what runs on a push, and with which rights. `make check` lints their syntax (actionlint)."""

import re
from pathlib import Path

import pytest
import yaml

from tests.infra.resources import TEMPLATE
from tests.infra.template import everything_in

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")


def load(name):
    # In YAML 1.1 the key `on` is the boolean.
    loaded = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return {**loaded, "on": loaded[True]}


def test_a_push_is_deployed_only_after_checks_and_tests():
    """The same jobs as for a pull request; a job that fails or is cancelled stops the deployment."""
    deploy = load("deploy.yml")
    assert deploy["on"] == {"push": {"branches": [TEMPLATE["Parameters"]["GitHubBranch"]["Default"]]}}
    assert deploy["jobs"]["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert deploy["jobs"]["deploy"]["needs"] == "ci"
    assert "always()" not in str(deploy["jobs"]["deploy"]["if"])

    ci = load("ci.yml")
    assert set(ci["on"]) == {"pull_request", "workflow_call"}
    commands = [step["run"] for job in ci["jobs"].values() for step in job["steps"] if "run" in step]
    assert commands == [
        "make check",
        "make checkov",
        "make test",
        "make test-packages",
        "make test-localstack",
    ]


def test_a_called_workflow_does_not_wait_for_its_caller():
    """`github.workflow` is the caller's name in it, and two equal groups of one run block each other."""
    group = load("ci.yml")["concurrency"]["group"]
    assert "github.workflow" not in group
    assert group != load("deploy.yml")["jobs"]["deploy"]["concurrency"]["group"]


def test_only_the_deployment_gets_an_identity_token_and_no_key_is_stored():
    """The token is exchanged for credentials of the role; a stored key would be valid until it is revoked."""
    deploy = load("deploy.yml")
    assert deploy["permissions"] == {"contents": "read"}
    assert {name: job.get("permissions") for name, job in deploy["jobs"].items()} == {
        "ci": None,
        "deploy": {"contents": "read", "id-token": "write"},
    }
    texts = [text for text in everything_in(deploy) if isinstance(text, str)]
    assert not [text for text in texts if "secrets." in text or "access-key" in text]
    [credentials] = [
        each["with"] for each in deploy["jobs"]["deploy"]["steps"] if "configure-aws" in each.get("uses", "")
    ]
    assert credentials["role-to-assume"] == "${{ vars.AWS_DEPLOY_ROLE_ARN }}"


def test_nothing_is_installed_while_there_are_credentials():
    """Build scripts of dependencies could use them."""
    steps = load("deploy.yml")["jobs"]["deploy"]["steps"]
    actions = [step.get("run") or step["uses"].partition("@")[0] for step in steps]
    assert actions == [
        "actions/checkout",
        "make setup",
        "aws-actions/configure-aws-credentials",
        'make deploy STACK="$STACK" YES=1',
    ]


def test_a_deployment_is_not_interrupted_by_the_next_push():
    """A cancelled job would leave CloudFormation at work, and the next one would find the stack busy."""
    assert load("deploy.yml")["jobs"]["deploy"]["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


@pytest.mark.parametrize("name", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
def test_every_action_is_pinned_to_a_commit(name):
    """A tag can be moved to other code, a commit not."""
    for job in load(name)["jobs"].values():
        for step in job.get("steps", ()):
            assert "uses" not in step or PINNED.fullmatch(step["uses"]), step
