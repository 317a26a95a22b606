"""Workers that die: before or after any call to a port, the process is gone and its claim stays behind."""

import inspect
from typing import Any


class DiedError(BaseException):
    """The process is gone: nothing catches this, nothing is released."""


class Fate:
    """Counts the moments between calls, and ends the worker at one of them, once."""

    def __init__(self, at: int | None = None) -> None:
        self.moments = 0
        self.died_in: str | None = None
        self._at = at

    def pass_moment(self, where: str) -> None:
        """Die if the moment has come."""
        moment, self.moments = self.moments, self.moments + 1
        if moment == self._at:
            self.died_in = where
            raise DiedError(where)


class Mortal:
    """A port whose caller may die right before a call, or right after it took effect."""

    def __init__(self, port: Any, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            where = f"{type(self._port).__name__}.{name}"
            self._fate.pass_moment(f"before {where}")
            answer = await found(*arguments, **named)
            self._fate.pass_moment(f"after {where}")
            return answer

        return call
