"""The dependencies of chat's use case."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.ports import ConversationStore
from shared.metrics import Metrics
from shared.tenants.ports import TenantDirectory
from shared.usage import UsageStore
from workers.chat.ports import Model


@dataclass(frozen=True, slots=True)
class ChatPorts:
    """The ports that the use case needs."""

    model: Model
    tenants: TenantDirectory
    conversations: ConversationStore
    usage: UsageStore
    metrics: Metrics
    clock: Clock
