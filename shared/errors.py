"""The errors with which a handler reports that a message was not carried out, and those of a configuration."""

from datetime import timedelta

from shared.dead_letter_reasons import DeadLetterReason


class TransientError(Exception):
    """Another attempt may succeed: throttled, unreachable or conflicting; nothing is wrong with the message.

    `retry_after` is the wait that the other side asked for, if it did; `reason` is the short static reason in the
    ledger when no attempt is left.
    """

    may_have_succeeded = False
    """Whether the effect may be there, so that every other attempt may repeat it."""

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, reason: str = DeadLetterReason.ATTEMPTS_EXHAUSTED
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.reason = reason


class DependencyDownError(TransientError):
    """Something that the message needs is not called for a while, because it fails whoever calls it.

    So the attempt does not count, as long as the queue allows.
    """


class RateLimitedError(TransientError):
    """A limit on requests is used up, ours or that of the other side: nothing failed, so the attempt does not count."""


class NotYetError(Exception):
    """Nothing failed, but it is too early: the message is retried after the wait, and the attempt does not count."""

    def __init__(self, message: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


class PermanentError(Exception):
    """No other attempt of this message can succeed; `reason` is the short static reason in the ledger."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


class TryAgainError(PermanentError):
    """Something that the message needs was not there in time, and its sender hears that they can send it again.

    So nobody has to replay it, and it is no failure.
    """


class DeploymentError(PermanentError):
    """A permission, a credential or a resource is missing; an operator can fix it, perhaps soon.

    The message is not the cause, so all its attempts are used.
    """


class ConversationEndedError(PermanentError):
    """The visitor has ended the session and had its conversation erased: nothing is stored in it any more."""

    def __init__(self, message: str = "") -> None:
        super().__init__("conversation_ended", message)


class LeaseLostError(Exception):
    """Another worker owns this command now: stop, write nothing and settle nothing."""


class ConfigurationError(Exception):
    """A setting or a tenant's profile is unusable; the text names it and says what to do."""


def describe_error(error: BaseException) -> str:
    """Return the error's name, with its text if it is one of ours: a library's text may repeat what a visitor wrote."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, TransientError | PermanentError | ConfigurationError) else name
