"""The use case of a visitor who asks for a person: staff are alerted, and the visitor learns when somebody answers.

The model is not called, so that it also works while the model is down or has used up what it may cost.
"""

from datetime import UTC

import structlog

from shared.claims import Claim
from shared.conversations.handover import Handover, StaffRequest
from shared.conversations.replies import Replies, build_refusal_frame, find_refusal_code
from shared.conversations.takeover import ConversationTail
from shared.ids import derive_id
from shared.messages.commands import HandoverRequest
from shared.messages.errors import ErrorCode
from shared.messages.notices import AlertFacts, OperatorAlert
from shared.messages.server import ChatFinal, ChatFinalData
from shared.tenants.profile import TenantProfile
from workers.chat.dependencies import ChatPorts
from workers.chat.domain.handover_texts import announce_request
from workers.chat.handler.final import CATALOGUE

log = structlog.get_logger()


class HandoverRequester:
    """Records the request, queues the alert, and then ends the command with one frame.

    Each step is harmless when another worker repeats it: the request is kept under the command's id, and so is the
    alert that it causes. While staff answer, the request is kept for them, and nobody is alerted.
    """

    def __init__(self, *, ports: ChatPorts, replies: Replies) -> None:
        self._ports = ports
        self._replies = replies

    async def request_staff(self, command: HandoverRequest, claim: Claim) -> str | None:
        """Ask for a person; return the error code if the contact is not one at which a person can be reached."""
        if not claim.is_first and (stored := await self._replies.recover_outcome(command.session_id, claim=claim)):
            return find_refusal_code(stored)
        profile = await self._ports.tenants.get_profile(command.tenant, for_visitor=True)
        contact = _normalize_contact(command.data.contact, profile)
        if contact is None:
            return await self._refuse_contact(command, claim)
        tail, handover = await self._record_request(command, contact)
        if handover.causes_alert(command.id):
            await self._alert(command)
        frame = await self._build_final(
            command, profile, handover, has_contact=bool(contact), is_answered=self._has_takeover(tail)
        )
        log.info("staff_requested", announces=frame.data.announces, alerts=handover.causes_alert(command.id))
        await self._replies.store_in_steps_and_post(
            command.session_id, frame, claim=claim, after=tail, tenant=command.tenant
        )
        return None

    async def _record_request(self, command: HandoverRequest, contact: str) -> tuple[ConversationTail, Handover]:
        """Record the request, and return who answers and all requests of the conversation.

        Staff may take over between the first read and the write, and miss the mark when they clear it: so who answers
        is read once more.
        """
        request = StaffRequest(command.id, command.accepted_at, command.data.note, contact)
        session_id = command.session_id
        tail = await self._replies.get_tail(session_id)
        tail.demand_open()
        handover = await self._ports.handovers.add_request(
            command.tenant, session_id, request, waits=not self._has_takeover(tail)
        )
        if handover.waiting_since is None:
            return tail, handover
        tail = await self._replies.get_tail(session_id)
        if tail.takeover and self._has_takeover(tail):
            await self._ports.handovers.end_wait(session_id, by=tail.takeover.by)
            handover = await self._ports.handovers.get_handover(session_id) or handover
        return tail, handover

    def _has_takeover(self, tail: ConversationTail) -> bool:
        return tail.takeover is not None and tail.takeover.is_active(self._ports.clock.now())

    async def _alert(self, command: HandoverRequest) -> None:
        if self._ports.notices is None:
            log.warning("handover_without_alert")
            return
        await self._ports.notices.put(
            OperatorAlert(
                id=derive_id(command.id, "handover_alert"),
                tenant=command.tenant,
                session_id=command.session_id,
                locale="en",
                accepted_at=self._ports.clock.now().astimezone(UTC),
                trace=command.trace,
                data=AlertFacts(
                    reason="handover_requested",
                    advice=(
                        "A visitor has asked for a person and waits for an answer. Open the conversation at the desk: "
                        f"/today/{command.tenant}/conversations/{command.session_id}. It is marked there until "
                        "somebody takes it over or clears the mark."
                    ),
                ),
            )
        )

    async def _build_final(
        self,
        command: HandoverRequest,
        profile: TenantProfile,
        handover: Handover,
        *,
        has_contact: bool,
        is_answered: bool,
    ) -> ChatFinal:
        t = CATALOGUE.get_texts(await self._replies.find_locale(command.session_id, command.locale))
        if is_answered:
            data = ChatFinalData(text=t("handover_active"), announces="handover_active")
        else:
            announces, text = announce_request(
                profile,
                self._ports.clock.now(),
                t,
                is_repeated=handover.is_repeated(command.id),
                has_contact=has_contact,
            )
            data = ChatFinalData(text=text, announces=announces)
        return ChatFinal(re=command.client_id, data=data)

    async def _refuse_contact(self, command: HandoverRequest, claim: Claim) -> str:
        code = ErrorCode.INVALID_CONTACT
        locale = await self._replies.find_locale(command.session_id, command.locale)
        log.info("handover_refused", code=code)
        frame = build_refusal_frame(code, re=command.client_id, locale=locale, detail="data.contact: invalid")
        await self._replies.store_and_post(command.session_id, frame, claim=claim)
        return code.value


def _normalize_contact(typed: str, profile: TenantProfile) -> str | None:
    """Return the contact as staff use it, empty if none was given; None if it is none."""
    if not typed:
        return ""
    # Its import takes 0.04 s of a cold start, so it is imported for the first contact only.
    from shared.contacts import normalize_contact  # noqa: PLC0415

    return normalize_contact(typed, region=profile.region)
