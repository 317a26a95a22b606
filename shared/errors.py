"""The two ways in which a handler says that a message did not work out."""

from datetime import timedelta

from shared.dead_letter_reasons import DeadLetterReason


class TransientError(Exception):
    """Try again later: throttled, unreachable, conflicting; nothing is wrong with the message.

    `retry_after` is the wait that the other side asked for, if it did; `reason` is the short static word for
    the ledger when no attempt is left.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, reason: str = DeadLetterReason.ATTEMPTS_EXHAUSTED
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.reason = reason


class NotYetError(Exception):
    """Nothing failed: it is too early. The message comes back after the wait, and the attempt does not count."""

    def __init__(self, message: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


class PermanentError(Exception):
    """Never try this message again as it is; `reason` is a short static word for the ledger."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


class DeploymentError(PermanentError):
    """A permission, a credential or a resource is missing: mended by a person, and maybe in a minute.

    A message is not to blame, so it is tried to its last attempt.
    """


class LeaseLostError(Exception):
    """Another worker owns this command now: stop, write nothing, settle nothing."""


class ConfigurationError(Exception):
    """A setting or a tenant's profile is unusable; the text says which and what to do."""


def describe_error(error: BaseException) -> str:
    """Return the error's name, with its text if it is one of ours: a library's text may repeat a visitor's words."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, TransientError | PermanentError | ConfigurationError) else name
