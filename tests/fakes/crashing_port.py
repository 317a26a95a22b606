"""Wraps ports so that a worker crashes before or after any call: the process is gone, and its claim stays."""

import inspect
from typing import Any


class CrashError(BaseException):
    """The process is gone: no handler catches this, and nothing is released."""


class CrashPlan:
    """Counts the points at which a worker can crash, and crashes it at one of them, once."""

    def __init__(self, at: int | None = None) -> None:
        self.points = 0
        self.crashed_at: str | None = None
        self._at = at

    def reach(self, where: str) -> None:
        """Count a point, and raise `CrashError` if it is the planned one."""
        point, self.points = self.points, self.points + 1
        if point == self._at:
            self.crashed_at = where
            raise CrashError(where)


class CrashingPort:
    """A port whose caller may crash right before a call, or right after it took effect."""

    def __init__(self, port: Any, plan: CrashPlan) -> None:
        self._port = port
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        async def call(*arguments: Any, **named: Any) -> Any:
            where = f"{type(self._port).__name__}.{name}"
            self._plan.reach(f"before {where}")
            result = await attribute(*arguments, **named)
            self._plan.reach(f"after {where}")
            return result

        return call
