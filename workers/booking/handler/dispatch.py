"""Routes each booking command to its use case, and sends the resulting frame to the visitor."""

import asyncio

import structlog

from shared.claims import Claim, ClaimStore
from shared.conversations.replies import Replies, build_refusal_frame, choose_client, find_refusal_code
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import ConversationEndedError, TransientError, describe_error
from shared.messages.commands import (
    BookingCancel,
    BookingCommand,
    BookingLookup,
    BookingQuery,
    BookingReschedule,
    BookingSlots,
    InternalBookingCommand,
    InternalCommand,
    SessionEnd,
    TranscriptRequest,
)
from shared.messages.errors import ErrorCode
from shared.messages.server import Error, ServerFrame
from shared.refusal_texts import About
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.domain.plans import Plan, Refuse
from workers.booking.handler.alerts import alert_operator
from workers.booking.handler.availability import list_free_slots
from workers.booking.handler.calendar_reading import CalendarSilentError
from workers.booking.handler.case import Case, Replayable, VisitorCommand, build_case
from workers.booking.handler.choose_again import ask_to_choose_again
from workers.booking.handler.end_session import end_session
from workers.booking.handler.frames import build_answer, build_refusal, refuse_for_silent_calendar
from workers.booking.handler.internal_commands import handle_internal_command
from workers.booking.handler.late_queries import RETRIED_WITHIN, LateQueries
from workers.booking.handler.lookup import look_up_appointment
from workers.booking.handler.queries import answer_query
from workers.booking.handler.transcript import request_transcript
from workers.booking.handler.use_cases import apply_plan, plan_command
from workers.booking.served_tenant import serve_tenant

log = structlog.get_logger()


class BookingHandler:
    """Ends every command with one durable frame; answers to queries (free times, lookups) are not stored."""

    def __init__(self, *, ports: BookingPorts, replies: Replies, claims: ClaimStore) -> None:
        self._ports = ports
        self._replies = replies
        self._claims = claims
        self.late_queries = LateQueries(replies=replies, claims=claims, clock=ports.clock)

    async def handle(self, command: BookingCommand, claim: Claim) -> str | None:
        """Run the command's use case; return the error code if it is refused."""
        with serve_tenant(command.tenant):
            return await self._handle(command, claim)

    async def _handle(self, command: BookingCommand, claim: Claim) -> str | None:
        if isinstance(command, BookingQuery):
            await answer_query(self._ports, self._replies, command)
            await self._complete_command(command, None, claim)
            return None
        if isinstance(command, InternalCommand):
            await self._complete_command(command, await handle_internal_command(self._ports, command, claim), claim)
            return None
        if isinstance(command, TranscriptRequest):
            return await request_transcript(self._ports, self._replies, command, claim)
        if isinstance(command, SessionEnd):
            await end_session(self._ports, self._replies, command, claim)
            await self._claims.complete(claim)
            return None
        if isinstance(command, BookingSlots | BookingLookup):
            return await self._handle_query(command, claim)
        return await self._carry_out(command, claim)

    async def _handle_query(self, command: BookingSlots | BookingLookup, claim: Claim) -> str | None:
        """Answer a query, or refuse it when nobody can wait any longer: it is worth no further attempt then."""
        if self.late_queries.is_late(command):
            return await self.late_queries.refuse(command, claim)
        try:
            async with asyncio.timeout(self.late_queries.compute_seconds_left(command)):
                if await self.late_queries.drop_if_gone(command, claim):
                    return None
                frame = await self._find_answer(command, claim)
        except (TransientError, TimeoutError) as error:
            if isinstance(error, TransientError) and self.late_queries.may_be_retried(command):
                raise
            log.warning("query_failed", error=describe_error(error))
            return await self.late_queries.refuse(command, claim)
        return await self._answer_query(command, frame, claim)

    async def _carry_out(self, command: Replayable, claim: Claim) -> str | None:
        if not claim.is_first and (stored := await self._replies.recover_outcome(command.session_id, claim=claim)):
            return find_refusal_code(stored)
        case, tail = await asyncio.gather(self._open_case(command, claim), self._replies.get_tail(command.session_id))
        if not isinstance(command, BookingCancel | BookingReschedule):
            # Only what is confirmed outlives its session, and can still be changed.
            tail.demand_open()
        plan = await self._plan(case, command)
        frame = build_answer(case, await apply_plan(self._ports, case, plan))
        if tail.is_ended:
            await self._claims.complete(claim)
            return find_refusal_code(frame)
        if not isinstance(frame, Error):
            # It says what the appointment says, whichever worker stores it.
            await self._replies.store_in_steps_and_post(
                command.session_id, frame, claim=claim, after=tail, tenant=command.tenant
            )
            return None
        if frame.data.challenge:
            return await self._demand_proof(command, frame, claim)
        log.info("booking_refused", code=frame.data.code, alternatives=len(frame.data.alternatives))
        # A refusal has no other trace: a late worker must not store it while its successor carries the command out.
        await self._replies.store_and_post(command.session_id, frame, claim=claim, tenant=command.tenant)
        await self._notify_unreachable_visitor(command, frame, case.profile)
        return find_refusal_code(frame)

    async def _demand_proof(self, command: Replayable, frame: Error, claim: Claim) -> str | None:
        """Store the challenge, and leave the command open for the same frame with a proof.

        It is stored like every other refusal, so that a visitor who never solves it has an answer all the same.
        """
        log.info("challenge_issued")
        await self._replies.store_and_post(
            command.session_id, frame, claim=claim, marker="challenge", tenant=command.tenant
        )
        # Before the message is deleted, because its group goes on then, perhaps with the proof.
        await self._claims.release(claim, unspent=True)
        return find_refusal_code(frame)

    async def _plan(self, case: Case, command: Replayable) -> Plan:
        """Plan the command; while a calendar is silent, its visitor is refused: nothing was changed yet."""
        try:
            return await plan_command(self._ports, case, command)
        except CalendarSilentError as error:
            if error.has_answered and case.now - command.accepted_at < RETRIED_WITHIN:
                raise
            log.warning("calendar_silent", error=describe_error(error))
            return Refuse(refuse_for_silent_calendar(case))

    async def _complete_command(self, command: InternalBookingCommand, frame: ServerFrame | None, claim: Claim) -> None:
        """Complete an internal command, with a frame for the visitor where it has one."""
        if frame is None:
            await self._claims.complete(claim)
        else:
            try:
                await self._replies.store_and_post(command.session_id, frame, claim=claim)
            except ConversationEndedError:
                # The visit is changed; its visitor has ended the session, and hears of it by a notice.
                await self._claims.complete(claim)

    async def _answer_query(self, command: BookingCommand, frame: ServerFrame, claim: Claim) -> str | None:
        """Post the answer to a query to the live connections; it becomes outdated, so it is not stored."""
        await self._replies.post_frame(
            command.session_id, frame, await self._replies.list_connections(command.session_id)
        )
        await self._claims.complete(claim)
        return find_refusal_code(frame)

    async def _open_case(self, command: VisitorCommand, claim: Claim) -> Case:
        connections = await self._replies.list_connections(command.session_id, may_lag=True)
        client = choose_client(connections, command.connection_id, otherwise=command.locale)
        profile = await self._ports.tenants.get_profile(command.tenant, for_visitor=True)
        now = self._ports.clock.now()
        return build_case(command, claim, profile, locale=client.locale, now=now, capabilities=client.capabilities)

    async def _find_answer(self, command: BookingSlots | BookingLookup, claim: Claim) -> ServerFrame:
        case = await self._open_case(command, claim)
        match command:
            case BookingSlots(data=search):
                try:
                    return await list_free_slots(self._ports, case, search)
                except CalendarSilentError as error:
                    if error.has_answered and self.late_queries.may_be_retried(command):
                        raise
                    log.warning("calendar_silent", error=describe_error(error))
                    return build_refusal(case, refuse_for_silent_calendar(case))
            case BookingLookup(data=reference):
                return await look_up_appointment(self._ports, case, reference)

    async def repeat_outcome(self, command: BookingCommand, outcome_seq: int | None) -> str | None:
        """Send the stored outcome again, and the notice that a crashed worker may not have queued."""
        frame = await self._replies.repost_frame(command.session_id, outcome_seq)
        if frame is not None and isinstance(command, Replayable):
            await self._notify_unreachable_visitor(command, frame)
        return find_refusal_code(frame)

    async def _notify_unreachable_visitor(
        self, command: Replayable, frame: ServerFrame, profile: TenantProfile | None = None
    ) -> None:
        """Queue a notice about a refused replay if the visitor is not connected.

        Posting the frame removes dead connections: the remaining ones received it, or will request it on resume.
        """
        if not (command.replay and isinstance(frame, Error)):
            return
        if not await self._replies.list_connections(command.session_id):
            profile = profile or await self._ports.tenants.get_profile(command.tenant)
            await ask_to_choose_again(self._ports, command, profile)

    async def refuse_reused_id(self, command: BookingCommand) -> None:
        """Refuse a command with an id that another command has used."""
        if isinstance(command, InternalCommand):
            # Nobody waits for its answer, and the first command runs.
            log.warning("internal_command_mismatched")
            return
        locale = await self._replies.find_locale(command.session_id, command.locale)
        frame = build_refusal_frame(ErrorCode.BAD_FRAME, re=command.client_id, locale=locale)
        await self._replies.post_frame(
            command.session_id, frame, await self._replies.list_connections(command.session_id)
        )

    async def give_up(self, command: BookingCommand, claim: Claim, reason: str) -> None:
        """Notify the visitor that the command has failed, and the operators if the calendar is the reason.

        A copy of it is on the dead-letter queue.
        """
        problem = CalendarProblem.parse_reason(reason)
        if problem:
            await alert_operator(self._ports, tenant=command.tenant, session_id=command.session_id, problem=problem)
        if isinstance(command, InternalCommand):
            await self._complete_command(command, None, claim)
            return
        locale = await self._replies.find_locale(command.session_id, command.locale)
        code = ErrorCode.TIMEOUT if reason == DeadLetterReason.TIMEOUT else ErrorCode.INTERNAL
        phone = (await self._ports.tenants.get_profile(command.tenant)).phone if problem else None
        silent: About = "calendar_silent_phone" if phone else "calendar_silent"
        frame = build_refusal_frame(
            code, re=command.client_id, locale=locale, about=silent if problem else None, phone=phone or ""
        )
        if isinstance(command, BookingSlots | BookingLookup):
            await self._answer_query(command, frame, claim)
            return
        await self._replies.store_and_post(command.session_id, frame, claim=claim, tenant=command.tenant)
