"""What the worker core needs to know about the messages of a queue and their handler."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from pydantic import BaseModel

from shared.claims import Claim
from shared.ids import compute_fingerprint


class QueuedMessage(Protocol):
    """The fields of every queued message that the worker core uses."""

    @property
    def id(self) -> str:
        """The key that all effects derive from."""
        ...

    @property
    def claim_key(self) -> str:
        """The key of its processed-message record."""
        ...

    @property
    def replay(self) -> int:
        """Number of the replay; 0 is the original."""
        ...

    @property
    def tenant(self) -> str:
        """The business."""
        ...

    @property
    def session_id(self) -> str:
        """The conversation."""
        ...

    @property
    def type(self) -> str:
        """The message type, such as `booking.create`."""
        ...

    @property
    def data(self) -> BaseModel:
        """The payload."""
        ...


def fingerprint_message(message: QueuedMessage) -> str:
    """Return a hash of type and payload, to detect different content under one id.

    Defaults are left out, so that a field which a newer version adds does not change the hash of older messages.
    """
    return compute_fingerprint(f"{message.type} {message.data.model_dump_json(exclude_defaults=True, by_alias=True)}")


MessageT = TypeVar("MessageT", bound=QueuedMessage)
MessageT_contra = TypeVar("MessageT_contra", bound=QueuedMessage, contravariant=True)


class WaitingVisitor(Protocol[MessageT_contra]):
    """What visitors hear about the messages of a queue although no table can be read."""

    def watch(self, message: MessageT_contra) -> AbstractAsyncContextManager[None]:
        """Tell the visitor inside the `with` that it takes longer, if it does."""
        ...

    def compute_claim_seconds(self, message: MessageT_contra) -> float | None:
        """Return how long the claim of a query may take; None of other messages."""
        ...

    async def refuse_unclaimed(self, message: MessageT_contra, /) -> bool:
        """Tell the visitor that it took too long, and return True: nothing of the message is left to do.

        Return False if another attempt may be in time, and for whatever changes something.
        """
        ...


class Handler(Protocol[MessageT_contra]):
    """One use case. It returns when the message is done and raises when it is not; it never settles."""

    async def handle(self, message: MessageT_contra, claim: Claim) -> str | None:
        """Process the message and record its end; every effect must be idempotent.

        Returns the code of the refusal that the visitor received, or None if the message was carried out.
        """
        ...

    async def repeat_outcome(self, message: MessageT_contra, outcome_seq: int | None) -> str | None:
        """Post the outcome again, because the message was done before; return what `handle` returned, if known."""
        ...

    async def refuse_reused_id(self, message: MessageT_contra) -> None:
        """Refuse a message that reuses the id of another one."""
        ...

    async def give_up(self, message: MessageT_contra, claim: Claim, reason: str) -> None:
        """Notify whoever waits that the message failed permanently, and record its end."""
        ...
