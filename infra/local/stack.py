"""Runs the whole system on this machine for the duration of a `with`."""

import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from infra.aws import Target
from infra.dependencies import Platform
from infra.deploy import deploy_stack, outputs_to_settings
from infra.deployment.errors import DeployError
from infra.local.child import Child
from infra.local.desk import Desk, start_desk
from infra.local.emulator import is_emulator_ready, start_emulator, wait_for_emulator
from infra.local.environment import build_clean_environment, build_pool_environment
from infra.local.iam.pool_credentials import assume_role
from infra.local.interrupts import Interrupts
from infra.local.kept_state import BEGIN_ANEW, KeptStateError, remove_state
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from infra.local.provision import ONE_ADDRESS
from infra.local.seed import Seed, read_demo_profile, seed_tenants
from infra.local.stand_ins import StandIns, find_ready_address, start_stand_ins
from infra.local.warm_up import start_warm_up
from infra.package import BUILD, PACKAGES, build_package
from shared.json_objects import parse_json_object

QUEUES = ("chat", "booking", "notifications")
POOLS = (*QUEUES, "failures")
"""Each queue has a pool, and one more consumes all dead-letter queues."""

_READY_SECONDS = 30
_SCRATCH = "scratch"
STATE = "state"
"""The folder with the data of a stack that keeps them."""

Step = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Options:
    """What to start; 0 or a port that is in use stands for a free port."""

    folder: Path
    """The folder for logs, keys and the emulator's scratch files; it belongs to one stack at a time."""

    keep: bool = False
    """Whether the data stay in the folder, for the next stack that keeps them."""
    fresh: bool = False
    """Whether the data that an earlier stack kept are removed first."""

    tenant: str = "studio-lumen"
    site_port: int = 0
    emulator_port: int = 0
    endpoint_url: str | None = None
    """A running emulator to use instead of starting one; it is not stopped."""

    site: bool = True
    desk: bool = True
    """Whether the desk in the browser is served."""
    desk_port: int = 0

    pools: tuple[str, ...] = POOLS
    workers: Literal["pools", "lambda"] = "pools"
    """With `lambda`, the emulator runs the workers behind event source mappings, and `pools` is ignored."""

    bedrock: Literal["stand-in", "aws"] = "stand-in"
    bedrock_arguments: tuple[str, ...] = ()
    """More arguments of the stand-in, such as its pace."""

    pool_environment: Mapping[str, str] = field(default_factory=dict)
    """Overrides variables of the deployment, for example `{"POOL_LEASE_SECONDS": "3"}`."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """More parameters of the template."""

    iam_record: Path | None = None
    """With a file, functions and pools may only do what their roles allow, and each decision is written to it."""

    @property
    def state(self) -> Path | None:
        """Return the folder with the data that are kept."""
        return self.folder / STATE if self.keep else None


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    options: Options
    children: Children
    target: Target
    outputs: Mapping[str, str]
    site_url: str
    stand_ins: StandIns
    _pool_environment: Mapping[str, str]
    health: dict[str, str] = field(default_factory=dict)
    """The address of `/livez` and `/readyz` of each pool."""
    desk: list[Desk] = field(default_factory=list)
    """The desk, once it has started."""

    @property
    def websocket_url(self) -> str:
        """Return the WebSocket URL without the query."""
        return self.outputs["WebSocketUrl"]

    @property
    def bucket(self) -> str:
        """Return the knowledge bucket."""
        return self.outputs["KnowledgeBucket"]

    @property
    def queues(self) -> dict[str, str]:
        """Return the URLs of the queues and of their dead-letter queues."""
        ends = {"": "QueueUrl", "_dlq": "DlqUrl"}
        urls = {f"{queue}{end}": self.outputs[queue.title() + name] for end, name in ends.items() for queue in QUEUES}
        # It shares the dead-letter queue of notifications.
        return urls | {"codes": self.outputs["CodesQueueUrl"]}

    @property
    def tables(self) -> dict[str, str]:
        """Return the deployed names of the tables by their short names."""
        return {
            name.removesuffix("Table").lower(): deployed
            for name, deployed in self.outputs.items()
            if name.endswith("Table")
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator."""
        return self.target.client(service)

    @property
    def worker_environment(self) -> dict[str, str]:
        """Return the variables with which every pool runs."""
        return {**self._pool_environment, **self.options.pool_environment}

    def launch_pool(self, name: str, *, process: str = "", **extra: str) -> Child:
        """Start a pool with extra environment variables, without waiting for it.

        A second process of a pool needs a name, `process`: it has a log of its own.
        """
        environment = {**self.worker_environment, **extra}
        if self.options.iam_record:
            environment |= assume_role(self.client("sts"), self.outputs[f"{name.title()}RoleArn"], session=name)
        return self.children.start(process or name, [sys.executable, "-m", f"workers.{name}"], environment, stage=2)

    def start_pool(self, name: str, *, process: str = "", **extra: str) -> Child:
        """Start a pool as `launch_pool` does, and wait until it receives messages."""
        child = self.launch_pool(name, process=process, **extra)
        self.wait_for_pool(child)
        return child

    def wait_for_pool(self, child: Child) -> None:
        """Wait until a launched pool receives messages."""
        self.health[child.name] = child.wait_for_output(_find_health_url, timeout_seconds=_READY_SECONDS)

    def check_ready(self, child: Child) -> bool:
        """Return whether a process that was started again serves by now; a pool has another health address then."""
        if child.name == "emulator":
            return is_emulator_ready(urlsplit(str(self.target.endpoint_url)).port or 0)
        if child.name not in POOLS:
            return child.find_output(find_ready_address) is not None
        address = child.find_output(_find_health_url)
        if address is not None:
            self.health[child.name] = address
        return address is not None

    def describe(self) -> dict[str, Any]:
        """Return the addresses and names with which other programs find the stack's parts."""
        return {
            "site_url": self.site_url,
            **({"desk_url": self.desk[0].sign_in_url, "desk_token": self.desk[0].token} if self.desk else {}),
            "websocket_url": self.websocket_url,
            "tenant": self.options.tenant,
            "aws_endpoint_url": self.target.endpoint_url,
            "region": self.target.region,
            "queues": self.queues,
            "tables": self.tables,
            "bucket": self.bucket,
            "calendar_url": self.stand_ins.calendar_url,
            "bedrock_url": self.stand_ins.bedrock_url,
            "health": self.health,
            "pids": self.children.list_pids(),
            "down": [],
        }


def _find_health_url(line: str) -> str | None:
    """Return the health address from a pool's log line `pool_started`."""
    entry = parse_json_object(line) or {}
    return str(entry.get("health_url", "")) if entry.get("event") == "pool_started" else None


def _skip_title(_title: str) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def open_local_stack(
    options: Options, *, interrupts: Interrupts | None = None, step: Step = _skip_title
) -> Iterator[Stack]:
    """Start everything, yield the running stack, and stop everything at the end, also after an error.

    Raises:
        KeptStateError: kept data are broken, or could not be written at the end.
        ChildError: a process ended or did not become ready.
        DeployError: the emulator refused the template.
        NoCredentialsFoundError: Bedrock on AWS was requested, and there are no credentials.
    """
    interrupts = interrupts or Interrupts()
    children = Children(options.folder / "logs", interrupts)
    try:
        # Not before the leftovers of a killed stack have ended.
        if options.state and options.fresh:
            remove_state(options.state)
        yield _start_stack(options, children, step)
    finally:
        emulator = next((child for child in children.list_all() if child.name == "emulator"), None)
        is_running = emulator is not None and emulator.exit_code is None
        children.stop_all()
        shutil.rmtree(options.folder / _SCRATCH, ignore_errors=True)
        if options.state and emulator and is_running:
            _check_kept(emulator, options.state)


def _check_kept(emulator: Child, state: Path) -> None:
    # One that is stopped before it has loaded its data has nothing to write.
    if emulator.exit_code not in {0, -signal.SIGTERM}:
        raise KeptStateError(f"the last changes are not in {state}\n{emulator.read_last_lines()}")


def _start_stack(options: Options, children: Children, step: Step) -> Stack:
    options.folder.mkdir(parents=True, exist_ok=True)
    profile = read_demo_profile(options.tenant)
    sender = profile.senders.email or ""
    site_url = f"http://{HOST}:{find_free_port(options.site_port)}"
    # These processes start while the packages are built.
    stand_ins = start_stand_ins(
        children,
        folder=options.folder,
        profile=profile,
        bedrock=options.bedrock,
        bedrock_arguments=options.bedrock_arguments,
        state=options.state,
    )
    target, wait_until_emulator_is_ready = _start_emulator(options, children)
    with step("Package the functions"):
        packages = _build_packages(options)
    with step(f"{'Reach' if options.endpoint_url else 'Start'} the emulator at {target.endpoint_url}"):
        wait_until_emulator_is_ready()
    with step("Deploy the template"):
        parameters = {
            "Workers": options.workers,
            "SesFromEmail": sender,
            # The emulator does not deliver text messages; the inbox page shows them.
            "SmsEnabled": "true",
            **ONE_ADDRESS,
            "LocalBedrockEndpoint": stand_ins.bedrock_url,
            "LocalCalendarEndpoint": stand_ins.calendar_url,
            **options.parameters,
        }
        outputs = _deploy(options, target, parameters, packages)
    with step("Start the stand-ins"):
        stand_ins.wait_until_ready()
    with step("Seed the demo business"):
        origins = (site_url, site_url.replace(HOST, "localhost"))
        content = Seed(outputs["KnowledgeBucket"], outputs["GoogleSecretId"], stand_ins.service_account, origins)
        seed_tenants(target, content)
        wait_for_warm_up = start_warm_up(target.client("lambda"), outputs)
    environment = build_pool_environment(
        str(target.endpoint_url),
        outputs_to_settings(outputs),
        bedrock=stand_ins.bedrock,
    )
    stack = Stack(options, children, target, outputs, site_url, stand_ins, environment)
    _start_workers_and_site(stack, step)
    with step("Load the functions"):
        wait_for_warm_up()
    return stack


def _deploy(
    options: Options, target: Target, parameters: Mapping[str, str], packages: Mapping[str, Path]
) -> dict[str, str]:
    try:
        return deploy_stack(target, stack="stride", parameters=parameters, packages=packages)
    except DeployError as error:
        if not options.state:
            raise
        # What was kept was deployed from a template that this one may not replace.
        raise DeployError(f"{error}\nIf the kept data are in its way: {BEGIN_ANEW}") from error


def _start_emulator(options: Options, children: Children) -> tuple[Target, Callable[[], None]]:
    """Return the target, and a function that waits until it is ready."""
    if options.endpoint_url:
        return Target(endpoint_url=options.endpoint_url), lambda: None
    port = find_free_port(options.emulator_port)
    scratch = options.folder / _SCRATCH
    emulator = start_emulator(
        children,
        port=port,
        scratch=scratch,
        environment=build_clean_environment(),
        iam_record=options.iam_record,
        state=options.state,
    )
    return Target(endpoint_url=f"http://{HOST}:{port}"), lambda: wait_for_emulator(emulator, port)


def _build_packages(options: Options) -> dict[str, Path]:
    names = {"ingress", "workers"} if options.workers == "lambda" else {"ingress"}
    out = BUILD / "packages" / Platform.LOCAL.value
    packages = [package for package in PACKAGES if package.name in names]
    return {package.name: build_package(package, out, Platform.LOCAL, reuse=True) for package in packages}


def _start_workers_and_site(stack: Stack, step: Step) -> None:
    options = stack.options
    pools = options.pools if options.workers == "pools" else ()
    pages = [*(["the site"] if options.site else []), *(["the desk"] if options.desk else [])]
    names = [*(f"the {pool} pool" for pool in pools), *pages]
    with step(f"Start {', '.join(names) or 'nothing else'}"):
        launched = [stack.launch_pool(pool) for pool in pools]
        desk = (
            start_desk(
                stack.children,
                folder=options.folder,
                port=options.desk_port,
                endpoint_url=str(stack.target.endpoint_url),
                calendar_url=stack.stand_ins.calendar_url,
            )
            if options.desk
            else None
        )
        if options.site:
            command = [sys.executable, "-m", "infra.local.site", "--port", str(urlsplit(stack.site_url).port)]
            command += ["--websocket-url", stack.websocket_url, "--tenant", options.tenant]
            command += ["--aws-endpoint-url", str(stack.target.endpoint_url), "--bedrock", options.bedrock]
            site = stack.children.start("site", command, build_clean_environment(), stage=2)
            site.wait_for_output(find_ready_address, timeout_seconds=_READY_SECONDS)
        for child in launched:
            stack.wait_for_pool(child)
        if desk:
            desk.wait_until_ready()
            stack.desk.append(desk)
