"""The faults: each begins and ends on request, and says how long it lasts and what it does to whom."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.stack import POOLS, Stack
from tests.e2e.backstage import Backstage
from tests.soak.recovery.faulty_proxy import DYNAMODB, EDGE_DYNAMODB, SES, FaultyProxy, Rule


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
    """So many more visitors have connected before it, and ask the assistant at its beginning."""
    early: int = 4
    """So many pairs of visitors are in the middle of something when it begins."""
    every_seconds: float = 5
    """How often two more visitors come while it lasts."""
    loses_seconds: float = 0
    """What was acknowledged as long before it may be lost."""
    may_repeat_codes: bool = False
    """Whether a crash may repeat an e-mail: between the provider's yes and our record."""
    is_silent: bool = False
    """Whether nobody can say anything meanwhile: the gateway itself is stopped."""
    heard_seconds: float = 10
    """Within this time a visitor hears something about each command, receipts aside."""
    served_seconds: float = 10
    """Within this time after its end all are served who came before; who comes afterwards, within ten seconds."""


def _signal(name: str, number: signal.Signals) -> Step:
    return lambda site: os.kill(site.stack.children[name].pid, number)


def _freeze(name: str, seconds: float, what: str, **options: object) -> Fault:
    return Fault(what, seconds, _signal(name, signal.SIGSTOP), _signal(name, signal.SIGCONT), **options)  # type: ignore[arg-type]


def _slow_down(whose: str, service: str, seconds_a_call: float, **options: object) -> Fault:
    rule = Rule(seconds=seconds_a_call)
    return Fault(
        f"DynamoDB slowed by {seconds_a_call:g} s a call, {whose}",
        20,
        lambda site: site.put_rules(**{service: rule}),
        lambda site: site.put_rules(),
        **options,  # type: ignore[arg-type]
    )


def _kill(name: str, **options: object) -> Fault:
    """The supervisor starts it again; the fault is over at once, and recovery includes the restart."""
    return Fault(f"{name} killed", 0, _signal(name, signal.SIGKILL), _do_nothing, **options)  # type: ignore[arg-type]


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
    """Nothing has to be done: what was killed is started again by itself."""


FAULTS: Sequence[Fault] = (
    _freeze("emulator", 20, "emulator stopped", is_silent=True),
    _freeze("bedrock", 60, "Bedrock frozen for a minute", chats=70, every_seconds=10),
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
    *(_slow_down("workers", DYNAMODB, seconds_a_call) for seconds_a_call in (0.3, 1, 2.5, 6)),
    # The emulator runs one invocation of a function at a time: more visitors would wait for each other.
    _slow_down("functions", EDGE_DYNAMODB, 1, early=1, every_seconds=20),
    *(
        _kill(
            name,
            early=8,
            may_repeat_codes=name == "notifications",
        )
        for name in POOLS
    ),
    _kill("calendar", early=8),
    _kill("bedrock", early=8),
    # The emulator keeps its data every half a second, and what it had acknowledged since is gone.
    _kill("emulator", early=8, loses_seconds=0.5, heard_seconds=30, served_seconds=30),
    # A command that was not acknowledged is sent again after twelve seconds.
    Fault("functions killed", 0, _kill_functions, _do_nothing, early=8, heard_seconds=20, served_seconds=20),
    _freeze("bedrock", 300, "Bedrock frozen for five minutes", chats=70, every_seconds=30),
)
