"""The use cases about answers: list the judged, missing and awaited ones, and draft a golden case of one."""

from datetime import date

from ops.answers.golden_draft import DraftProblem, GoldenDraft, build_draft
from ops.answers.values import JudgedReport, QuestionsReport, WaitingReport
from ops.desk.domain.values import Operator
from ops.desk.waiting import read_waiting
from shared.clock import Clock
from shared.conversations.ports import ConversationIndex, ConversationStore, HandoverStore, JudgedAnswers
from shared.errors import PermanentError
from shared.spending.rules import find_local_day
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile
from shared.unanswered import UnansweredQuestions

MAX_JUDGED = 50
"""Of each verdict."""

MAX_WAITING = 50

_FRAMES = 60
"""Before the answer of a draft, which has the last exchanges of them."""

_MAX_ID_CHARACTERS = 100


class Answers:
    """Shows operators what visitors think of answers, and which questions have none, and who waits for a person.

    An unknown tenant and one that the operator may not see have the same result: None.

    Raises:
        TransientError: a table can't be reached.
    """

    def __init__(
        self,
        *,
        tenants: TenantDirectory,
        judged: JudgedAnswers,
        questions: UnansweredQuestions,
        conversations: ConversationStore,
        index: ConversationIndex,
        handovers: HandoverStore,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._judged = judged
        self._questions = questions
        self._conversations = conversations
        self._index = index
        self._handovers = handovers
        self._clock = clock

    async def list_judged(self, operator: Operator, tenant: str, *, limit: int = MAX_JUDGED) -> JudgedReport | None:
        """Return the judged answers of a business, the worst first."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        down = await self._judged.list_judged(tenant, "down", limit=limit)
        up = await self._judged.list_judged(tenant, "up", limit=limit)
        has_more = max(len(down), len(up)) >= limit
        return JudgedReport(tenant, profile.name, profile.zone, [*down, *up], has_more)

    async def list_unanswered(
        self, operator: Operator, tenant: str, month: date | None = None
    ) -> QuestionsReport | None:
        """Return the questions of the month of a day, by default of the current one where the business is."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        current = find_local_day(profile, self._clock.now()).replace(day=1)
        first = min((month or current).replace(day=1), current)
        questions = await self._questions.list_questions(tenant, first)
        return QuestionsReport(tenant, profile.name, profile.zone, first, first == current, questions)

    async def list_waiting(self, operator: Operator, tenant: str, *, limit: int = MAX_WAITING) -> WaitingReport | None:
        """Return the visitors of a business who wait for a person, on whatever day they asked."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        waiting = await read_waiting(self._handovers, tenant, limit=limit)
        return WaitingReport(tenant, profile.name, profile.zone, waiting, len(waiting) >= limit)

    async def draft_golden_case(
        self, operator: Operator, tenant: str, session_id: str, seq: int, *, kind: str, language: str | None = None
    ) -> GoldenDraft | DraftProblem | None:
        """Return a draft of a golden case, without personal data, or why there is none."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        if len(session_id) > _MAX_ID_CHARACTERS or not await self._index.belongs_to_tenant(tenant, session_id):
            return DraftProblem.NO_CONVERSATION
        tail = await self._conversations.get_tail(session_id, _FRAMES, before_seq=seq + 1)
        return build_draft(
            tail, session_id, seq, tenant=tenant, language=language or profile.locale.partition("-")[0], kind=kind
        )

    async def _find_profile(self, operator: Operator, tenant: str) -> TenantProfile | None:
        if operator.tenants is not None and tenant not in operator.tenants:
            return None
        try:
            return await self._tenants.get_profile(tenant)
        except PermanentError:
            return None
