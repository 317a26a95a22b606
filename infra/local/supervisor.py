"""Starts the processes of a running stack again when they end, and says so."""

import time
from collections import defaultdict
from collections.abc import Callable

from infra.local.child import Child
from infra.local.processes import Children
from infra.local.restarts import MAX_ENDS, WINDOW_SECONDS, Restarts


class Supervisor:
    """What has happened to the processes since the stack was ready; `check` is called again and again."""

    def __init__(
        self,
        children: Children,
        *,
        is_ready: Callable[[Child], bool],
        report: Callable[[str], None],
        update_description: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_ready` is asked about a process that was started again; it does not wait."""
        self._children = children
        self._is_ready = is_ready
        self._report = report
        self._update_description = update_description
        self._clock = clock
        self._histories: dict[str, Restarts] = defaultdict(Restarts)
        self._due: dict[str, float] = {}
        self._starting: set[str] = set()
        self._down: set[str] = set()

    @property
    def down(self) -> list[str]:
        """Return the names of the processes that ended too often and stay down."""
        return sorted(self._down)

    def check(self) -> None:
        """Report what has ended, start what has waited, and report what is ready again."""
        self._children.check_guard()
        for child in self._children.list_all():
            if child.name in self._down:
                continue
            if child.name in self._due:
                self._start_if_due(child)
            elif child.exit_code is not None:
                self._plan_restart(child, f"ended with {child.describe_end()}")
            elif child.name in self._starting and self._is_ready(child):
                self._starting.discard(child.name)
                self._report(f"{child.name} runs again (process {child.pid}).")
                self._update_description()

    def _plan_restart(self, child: Child, reason: str) -> None:
        now = self._clock()
        history = self._histories[child.name] = self._histories[child.name].add_end(now)
        wait_seconds = history.choose_wait()
        self._starting.discard(child.name)
        if wait_seconds is None:
            self._due.pop(child.name, None)
            self._down.add(child.name)
            self._report(
                f"{child.name} {reason}, and stays down: it ended {MAX_ENDS} times within {WINDOW_SECONDS:.0f} s."
                f" Ctrl-C and `make up` start it again.\n{child.read_last_lines()}"
            )
            self._update_description()
            return
        self._due[child.name] = now + wait_seconds
        self._report(f"{child.name} {reason}; it starts again in {wait_seconds:.1f} s.\n{child.read_last_lines()}")

    def _start_if_due(self, ended: Child) -> None:
        if self._clock() < self._due[ended.name]:
            return
        try:
            self._children.restart(ended)
        except OSError as error:
            # Without memory, or without space for the log; that may pass.
            self._plan_restart(ended, f"can't be started ({error})")
            return
        del self._due[ended.name]
        self._starting.add(ended.name)
        self._update_description()
