"""What the core needs to know of a queue's messages and of their handler."""

from typing import Protocol, TypeVar

from pydantic import BaseModel

from shared.claims import Claim
from shared.ids import fingerprint


class Work(Protocol):
    """What every queued message tells the core about itself."""

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
        """Whose visitor it is."""
        ...

    @property
    def session_id(self) -> str:
        """Which conversation it belongs to."""
        ...

    @property
    def type(self) -> str:
        """What kind of message it is."""
        ...

    @property
    def data(self) -> BaseModel:
        """What it says."""
        ...


def fingerprint_of(work: Work) -> str:
    """Return what tells two messages of one id apart.

    Without defaults: a field that a newer version adds does not make old messages look like others.
    """
    return fingerprint(f"{work.type} {work.data.model_dump_json(exclude_defaults=True, by_alias=True)}")


W = TypeVar("W", bound=Work)
W_contra = TypeVar("W_contra", bound=Work, contravariant=True)


class Handler(Protocol[W_contra]):
    """One use case. It returns when the work is done and raises when it is not; it never settles."""

    async def handle(self, work: W_contra, claim: Claim) -> str | None:
        """Carry the work out and record its end; every effect must be harmless when it happens twice.

        Returns the code of the no with which it ended, which whoever waited has heard; None if it was done.
        """
        ...

    async def repeat(self, work: W_contra, outcome_seq: int | None) -> str | None:
        """Say the outcome once more, because the work was done before; return what `handle` did, if that is known."""
        ...

    async def mismatch(self, work: W_contra) -> None:
        """Refuse work that reuses the id of other work."""
        ...

    async def give_up(self, work: W_contra, claim: Claim, reason: str) -> None:
        """Tell whoever waits that the work has failed for good, and record its end."""
        ...
