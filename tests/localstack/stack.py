"""Runs the system on two emulators: tables, functions, WebSocket and e-mails on MiniStack, all else on LocalStack."""

import calendar
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.aws import Target
from infra.dependencies import Platform
from infra.deploy import outputs_to_settings
from infra.deployment.emulator import deploy_to_emulator, put_stack
from infra.deployment.template import Template
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment, build_pool_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.local.seed import TENANTS, Seed, read_demo_profile, seed_tenants
from infra.local.stack import POOLS, Options, Stack
from infra.local.stand_ins import StandIns, start_stand_ins
from infra.local.warm_up import start_warm_up
from infra.package import BUILD, PACKAGES, build_package
from tests.infra.template import load
from tests.localstack.process import start_localstack, wait_for_localstack
from tests.localstack.split import build_first_part, build_second_part, to_text

SERVICES = {
    "events": "EVENTBRIDGE",
    "s3": "S3",
    "scheduler": "SCHEDULER",
    "secretsmanager": "SECRETS_MANAGER",
    "sns": "SNS",
    "sqs": "SQS",
}
"""The services on LocalStack, with the ends of their endpoint variables."""

TYPES = frozenset(
    {
        "AWS::Events::Rule",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::Secret",
    }
)
"""The types of resources that LocalStack creates."""


@dataclass(frozen=True)
class SplitTarget(Target):
    """Two emulators that look like one, with the clients of localstack-client; the endpoint is MiniStack's."""

    localstack: Target = field(default_factory=Target)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator that has the service."""
        return self.localstack.client(service) if service in SERVICES else super().client(service)


def build_endpoint_variables(localstack: Target) -> dict[str, str]:
    """Return the variables with which a process calls LocalStack's services there."""
    return {f"AWS_ENDPOINT_URL_{end}": str(localstack.endpoint_url) for end in SERVICES.values()}


@contextmanager
def open_emulators(folder: Path, interrupts: Interrupts) -> Iterator[tuple[Children, SplitTarget]]:
    """Start both emulators, and stop everything that was started beside them at the end."""
    children = Children(folder / "logs", interrupts)
    try:
        ports = find_free_port(), find_free_port()
        localstack = start_localstack(children, port=ports[0], scratch=folder / "localstack")
        environment = build_clean_environment()
        ministack = start_emulator(children, port=ports[1], scratch=folder / "ministack", environment=environment)
        wait_for_emulator(ministack, ports[1])
        wait_for_localstack(localstack, ports[0])
        addresses = [f"http://{HOST}:{port}" for port in ports]
        yield children, SplitTarget(endpoint_url=addresses[1], localstack=Target(endpoint_url=addresses[0]))
    finally:
        children.stop_all()


def copy_always_open_tenants(folder: Path) -> Path:
    """Copy the demo businesses, open at all times: of one that is closed, only each fifth tick reads the calendar."""
    shutil.copytree(TENANTS, folder, dirs_exist_ok=True)
    for path in folder.glob("*/profile.yaml"):
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        kept = {name: value for name, value in profile.items() if name not in {"exceptions", "public_holidays"}}
        kept["opening_hours"] = {day.lower(): ["00:00-24:00"] for day in calendar.day_name}
        path.write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")
    return folder


def start_split_stack(children: Children, target: SplitTarget, folder: Path) -> Stack:
    """Deploy one part of the template to each emulator, seed the demo business and start the pools."""
    # Every receive of an idle pool ends soon, so that it stops soon.
    options = Options(folder=folder, site=False, desk=False, pool_environment={"POOL_WAIT_SECONDS": "2"})
    profile = read_demo_profile(options.tenant)
    stand_ins = start_stand_ins(children, folder=folder, profile=profile, bedrock="stand-in")
    outputs = _deploy(target, folder, sender=profile.senders.email or "", stand_ins=stand_ins)
    stand_ins.wait_until_ready()
    site_url = f"http://{HOST}:{find_free_port()}"
    content = Seed(outputs["KnowledgeBucket"], outputs["GoogleSecretId"], stand_ins.service_account, (site_url,))
    seed_tenants(target, content, copy_always_open_tenants(folder / "tenants"))
    wait_for_warm_up = start_warm_up(target.client("lambda"), outputs)
    environment = {
        **build_pool_environment(str(target.endpoint_url), outputs_to_settings(outputs), bedrock=stand_ins.bedrock),
        **build_endpoint_variables(target.localstack),
    }
    stack = Stack(options, children, target, outputs, site_url, stand_ins, environment)
    launched = [stack.launch_pool(pool) for pool in POOLS]
    for child in launched:
        stack.wait_for_pool(child)
    wait_for_warm_up()
    return stack


def _deploy(target: SplitTarget, folder: Path, *, sender: str, stand_ins: StandIns) -> dict[str, str]:
    template = load()
    parameters = {
        "Workers": "pools",
        "SesFromEmail": sender,
        "SmsEnabled": "true",
        "LocalBedrockEndpoint": stand_ins.bedrock_url,
        "LocalCalendarEndpoint": stand_ins.calendar_url,
    }
    first = build_first_part(template, TYPES)
    created = put_stack(
        target.localstack.client("cloudformation"),
        name="stride",
        template=Template(to_text(first)),
        # The functions and their code are on the other emulator. An endpoint of any kind means that this is not AWS.
        parameters={
            **parameters,
            "CodeBucket": "none",
            "IngressCodeKey": "none",
            "LocalEndpoint": str(target.endpoint_url),
        },
    )
    second = build_second_part(template, first, created, build_endpoint_variables(target.localstack))
    file = folder / "template.json"
    file.write_text(to_text(second), encoding="utf-8")
    packages = {
        package.name: build_package(package, BUILD / "packages" / Platform.LOCAL.value, Platform.LOCAL)
        for package in PACKAGES
        if package.name == "ingress"
    }
    ministack = Target(endpoint_url=target.endpoint_url)
    return deploy_to_emulator(ministack, stack="stride", parameters=parameters, packages=packages, template=file)
