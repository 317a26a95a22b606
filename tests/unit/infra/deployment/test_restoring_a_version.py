"""`make deploy VERSION=previous` restores code and model, keeps everything else, and asks about refused profiles."""

import zipfile

import pytest

from infra.deployment.errors import DeployError
from infra.deployment.request import Request
from infra.deployment.versions.restore import show_versions
from tests.unit.infra.deployment.operator import ROOT

DEMO = ROOT / "infra" / "local" / "demo" / "tenants" / "studio-lumen" / "profile.yaml"
CODE_BUCKET = "stride-code-111122223333-eu-central-1"
OLD_MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


ACCEPTING_PARSER = {"shared/tenants/parse.py": b"def parse_profile(text):\n    return None\n"}


def read_shared():
    """Return the files of the package `shared`, in which a release has its parser of profiles."""
    paths = (path for path in sorted((ROOT / "shared").rglob("*")) if path.suffix in {".py", ".mo"})
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def add_parser(operator, files):
    """Add files to the package of the operator's old release."""
    package = operator.folder / "ingress-with-shared.zip"
    package.write_bytes(operator.account.objects[CODE_BUCKET, operator.old_key])
    with zipfile.ZipFile(package, "a") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    operator.account.objects[CODE_BUCKET, operator.old_key] = package.read_bytes()
    return operator


@pytest.fixture
def upgraded(operator):
    """An operator who has deployed two releases with one profile in the bucket."""
    operator.code = "old"
    operator.deploy(BedrockModelId=OLD_MODEL)
    [key] = [key for _, key in operator.account.objects if key.startswith("ingress-old")]
    operator.code = "new"
    operator.deploy(BedrockModelId="eu.anthropic.claude-haiku-4-5-20251001-v1:0", LogLevel="DEBUG")
    operator.old_key = key
    operator.knowledge = operator.physical_ids()["KnowledgeBucket"]
    operator.account.objects[operator.knowledge, "studio-lumen/profile.yaml"] = DEMO.read_bytes()
    return operator


@pytest.fixture
def readable(upgraded):
    """The old package has a parser that accepts every profile: ours takes half a second to import."""
    return add_parser(upgraded, ACCEPTING_PARSER)


@pytest.fixture
def with_our_parser(upgraded):
    """The old package has the parser of this release."""
    return add_parser(upgraded, read_shared())


def test_code_and_model_of_the_release_before_are_restored_and_nothing_else(readable):
    """Queues, tables and secrets are not part of the plan, and other parameters keep their values."""
    ids = readable.physical_ids()
    readable.restore()
    assert readable.stack.parameters["IngressCodeKey"] == readable.old_key
    assert readable.stack.parameters["BedrockModelId"] == OLD_MODEL
    assert readable.stack.parameters["LogLevel"] == "DEBUG"
    assert readable.physical_ids() == ids
    changed = {line.split("(")[1].split(")")[0] for line in readable.lines if line.startswith("  ~")}
    assert changed <= {"AWS::Lambda::Function", "AWS::IAM::Role"}
    assert readable.questions == ["Restore this version?"]
    assert "1 profiles are read by that version" in readable.text


def test_the_version_before_the_restored_one_is_not_the_one_that_was_left(readable):
    """`previous` twice does not go forth and back."""
    readable.restore()
    with pytest.raises(DeployError, match="no version before the deployed one"):
        readable.restore()


def test_a_deployment_of_the_release_before_that_left_no_record_can_be_restored(operator):
    """Its state is recorded before the first update, from the stack itself."""
    operator.code = "old"
    operator.deploy()
    for bucket, key in list(operator.account.objects):
        if key.startswith("deployments/"):
            del operator.account.objects[bucket, key]
    before = operator.stack.parameters["IngressCodeKey"]
    operator.code = "new"
    operator.deploy()
    operator.restore()
    assert "release unknown" in operator.text
    assert operator.stack.parameters["IngressCodeKey"] == before


def test_any_version_of_the_list_can_be_restored(readable):
    """Also the newer one, after going back."""
    readable.release = "0.2.0"
    readable.restore()
    show_versions(Request("stride"), readable._environment())
    assert len(readable.lines) == 2
    assert "release 0.2.0" not in readable.text
    newest = readable.lines[-1].split()[0]
    readable.restore(newest)
    assert readable.stack.parameters["IngressCodeKey"] != readable.old_key


def test_an_unknown_version_is_refused_with_the_list(readable):
    with pytest.raises(DeployError, match=r"(?s)no versions match 'zzz'.*release 0\.1\.0"):
        readable.restore("zzz")


@pytest.mark.process
def test_a_profile_that_the_older_release_refuses_stops_it(with_our_parser):
    """The older release's own parser says why; `no` changes nothing."""
    text = DEMO.read_text(encoding="utf-8") + "\nfield_of_the_new_release: true\n"
    with_our_parser.account.objects[with_our_parser.knowledge, "new-salon/profile.yaml"] = text.encode()
    before = dict(with_our_parser.stack.parameters)
    with_our_parser.answer = False
    assert with_our_parser.restore() == {}
    assert with_our_parser.questions == ["Restore although they are refused?"]
    assert "new-salon: line " in with_our_parser.text
    assert "field_of_the_new_release" in with_our_parser.text
    assert "studio-lumen:" not in with_our_parser.text
    assert with_our_parser.stack.parameters == before


def test_profiles_that_cannot_be_checked_are_asked_about(upgraded):
    """The old package has no parser here."""
    upgraded.restore()
    assert upgraded.questions[0] == "Restore without knowing whether the profiles are read?"


def test_a_package_that_is_gone_is_refused(readable):
    """Nothing is asked, nothing changed."""
    del readable.account.objects[CODE_BUCKET, readable.old_key]
    with pytest.raises(DeployError, match="is no longer in stride-code"):
        readable.restore()


def test_code_with_other_handlers_is_deployed_with_its_own_template(readable):
    """A function whose module the old package lacks would fail at its first event."""
    template = readable.folder / "template.yaml"
    text = readable.stack.template.text
    template.write_text(text.replace("api_gateway_ws.lambda_function.handler", "ingress.lambda_function.handler"))
    readable.template, readable.code = template, "newest"
    readable.deploy()
    readable.restore()
    assert "its template is deployed too" in readable.text
    assert "ingress.lambda_function" not in readable.stack.template.text


def test_ringing_alarms_do_not_roll_a_restoration_back(readable):
    """They may be the reason for it."""
    readable.restore()
    assert readable.stack.rollback == {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}


def test_a_dry_run_shows_the_plan(readable):
    readable.restore(is_dry_run=True)
    assert f"BedrockModelId: eu.anthropic.claude-haiku-4-5-20251001-v1:0 -> {OLD_MODEL}" in readable.text
    assert readable.stack.parameters["IngressCodeKey"] != readable.old_key


def test_without_a_stack_there_is_nothing_to_restore(operator):
    with pytest.raises(DeployError, match="there is no stack stride"):
        operator.restore()
