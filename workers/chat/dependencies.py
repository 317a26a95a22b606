"""The dependencies of chat's use case."""

from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock
from shared.conversations.ports import ConversationStore, HandoverStore
from shared.metrics import Metrics
from shared.queues import NoticeQueue
from shared.tenants.ports import TenantDirectory
from shared.unanswered import UnansweredQuestions
from shared.usage import UsageStore
from workers.chat.domain.tool import ToolBuilder
from workers.chat.ports import Model, Spending


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which models answer."""

    default_model_id: str
    fallback_model_id: str | None = None
    """Answers when the other one is throttled, down or out of quota."""
    intent_model_id: str | None = None
    """Is asked first whether a message needs the documents, and answers those that do not."""


@dataclass(frozen=True, slots=True)
class ChatPorts:
    """The ports that the use case needs."""

    model: Model
    models: ModelSettings
    tools: tuple[ToolBuilder, ...]
    spending: Spending
    tenants: TenantDirectory
    conversations: ConversationStore
    handovers: HandoverStore
    notices: NoticeQueue | None
    """Where alerts to the business go; None in an environment of the release before."""
    usage: UsageStore
    questions: UnansweredQuestions
    metrics: Metrics
    clock: Clock
    handler_timeout: timedelta | None = None
    """When the worker core cancels the handler; None if it never does."""
