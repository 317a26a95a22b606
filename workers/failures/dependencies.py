"""The dependencies of the failures worker's use case."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.ports import ConversationStore
from shared.ledger.ports import FailureLedger


@dataclass(frozen=True, slots=True)
class FailurePorts:
    """The ports that the use case needs."""

    ledger: FailureLedger
    conversations: ConversationStore
    clock: Clock
