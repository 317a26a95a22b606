"""The faults: each begins and ends on request, and says how long it lasts and what it does to whom."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.stack import POOLS, Stack
from tests.e2e.backstage import Backstage
from tests.soak.recovery.faulty_proxy import DYNAMODB, SES, FaultyProxy, Rule

RESTART_SECONDS = 1.0
"""How soon a killed process is started again."""


@dataclass(frozen=True)
class Site:
    """What faults are injected into."""

    stack: Stack
    backstage: Backstage
    proxy: FaultyProxy | None = None

    def put_rules(self, **rules: Rule) -> None:
        """Put these rules of the proxy in force instead of those before."""
        assert self.proxy, "the stack has no proxy before its emulator"
        self.proxy.put_rules(**rules)


Step = Callable[[Site], None]
"""It blocks, and runs on a thread."""


@dataclass(frozen=True)
class Fault:
    """One row of the table."""

    name: str
    seconds: float
    begin: Step
    end: Step
    chats: int = 0
    """So many more visitors ask the assistant at its beginning."""
    early: int = 4
    """So many pairs of visitors are in the middle of something when it begins."""
    every_seconds: float = 5
    """How often two more visitors come while it lasts."""
    may_repeat_codes: bool = False
    """Whether a crash may repeat an e-mail: between the provider's yes and our record."""
    is_silent: bool = False
    """Whether nobody can say anything meanwhile: the gateway itself is stopped."""
    served_seconds: float = 10
    """Within this time after its end all are served who came before; who comes afterwards, within ten seconds."""


def _signal(name: str, number: signal.Signals) -> Step:
    return lambda site: os.kill(site.stack.children[name].pid, number)


def _freeze(name: str, seconds: float, what: str, **options: object) -> Fault:
    return Fault(what, seconds, _signal(name, signal.SIGSTOP), _signal(name, signal.SIGCONT), **options)  # type: ignore[arg-type]


def _slow_down(seconds_a_call: float, seconds: float) -> Fault:
    rule = Rule(seconds=seconds_a_call)
    return Fault(
        f"DynamoDB slowed by {seconds_a_call:g} s a call",
        seconds,
        lambda site: site.put_rules(**{DYNAMODB: rule}),
        lambda site: site.put_rules(),
    )


def _kill_pool(name: str) -> Fault:
    def restart(site: Site) -> None:
        site.stack.children.stop(name)
        site.stack.start_pool(name)

    return Fault(
        f"pool {name} killed",
        RESTART_SECONDS,
        _signal(name, signal.SIGKILL),
        restart,
        every_seconds=0.5,
        may_repeat_codes=name == "notifications",
    )


def _kill_functions(site: Site) -> None:
    """Kill the processes in which the emulator runs its functions."""
    for pid in list_children(site.stack.children["emulator"].pid):
        os.kill(pid, signal.SIGKILL)


def list_children(pid: int) -> Sequence[int]:
    """Return the processes that a process has started."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _do_nothing(_site: Site) -> None:
    """Nothing has to be done: the emulator starts functions by itself."""


FAULTS: Sequence[Fault] = (
    _freeze("emulator", 20, "emulator stopped", is_silent=True),
    _freeze("bedrock", 60, "Bedrock frozen for a minute", chats=70, every_seconds=10),
    _freeze("bedrock", 300, "Bedrock frozen for five minutes", chats=70, every_seconds=30),
    _freeze("calendar", 30, "calendar frozen"),
    Fault(
        "calendar revoked",
        20,
        lambda site: site.backstage.control_calendar("keys/revoke"),
        lambda site: site.backstage.control_calendar("keys/restore"),
    ),
    Fault(
        "SES throttled",
        60,
        lambda site: site.put_rules(**{SES: Rule(throttles=True)}),
        lambda site: site.put_rules(),
        every_seconds=10,
    ),
    *(_slow_down(seconds_a_call, 20) for seconds_a_call in (0.3, 1, 2.5, 6)),
    *(_kill_pool(name) for name in POOLS),
    Fault("functions killed", RESTART_SECONDS, _kill_functions, _do_nothing, every_seconds=0.5),
)
