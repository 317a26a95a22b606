"""The dependencies of chat's use case."""

from dataclasses import dataclass, field
from datetime import timedelta

from shared.circuits.breaker import BreakerPolicy, CircuitBreaker
from shared.clock import Clock
from shared.conversations.ports import ConversationStore, HandoverStore
from shared.metrics import Metrics
from shared.queues import NoticeQueue
from shared.tenants.ports import TenantDirectory
from shared.unanswered import UnansweredQuestions
from shared.usage import UsageStore
from workers.chat.domain.tool import ToolBuilder
from workers.chat.ports import Model, Spending

MODEL_CIRCUITS = BreakerPolicy(failures=3, calls=3, window_seconds=300.0, open_seconds=20.0, probe_seconds=60.0)
"""A silent model costs a visitor up to ten seconds before the second one is asked. Only failures that cost time count:
a throttled call is answered at once."""


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
    model_circuits: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(MODEL_CIRCUITS))
    """A circuit for each model."""
    sorting_circuits: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(MODEL_CIRCUITS))
    """The same for the sorting of messages, which waits for a much shorter time."""
    handler_timeout: timedelta | None = None
    """When the worker core cancels the handler; None if it never does."""
