"""Lets the type checker verify that each fake implements its port; none of this runs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import api_gateway_ws.ports as ingress
    from api_gateway_ws.limits import ports as limits
    from shared.claims import ClaimStore
    from shared.clock import Clock
    from shared.conversations import ports as conversation
    from shared.metrics import Metrics
    from shared.queues import NoticeQueue
    from shared.spending.ports import BookingCounts, SpendingStore, UsageReports
    from shared.tenants.ports import TenantDirectory
    from shared.usage import UsageStore
    from tests.fakes.appointments import FakeAppointments
    from tests.fakes.business_calendar import FakeCalendar
    from tests.fakes.claims import FakeClaims
    from tests.fakes.clock import FakeClock
    from tests.fakes.connections import FakeConnections, FakePoster
    from tests.fakes.conversations import FakeConversationAudit, FakeConversations
    from tests.fakes.figures import FakeMetrics, FakeUsage
    from tests.fakes.ingress import FakeBlockingPoster, FakeCommandPublisher, FakeSessions
    from tests.fakes.model import FakeModel
    from tests.fakes.notices import FakeEmailTemplates, FakeMailer, FakeNotices
    from tests.fakes.rate_counters import FakeDigests, FakeRateCounters
    from tests.fakes.spending import FakeSpending
    from tests.fakes.tenants import FakeProfiles, FakeTenants
    from workers.booking import ports as booking
    from workers.chat import ports as chat
    from workers.notifications import ports as notifications

    def _shared(
        *,
        clock: FakeClock,
        claims: FakeClaims,
        conversations: FakeConversations,
        audit: FakeConversationAudit,
        connections: FakeConnections,
        poster: FakePoster,
        notices: FakeNotices,
        tenants: FakeTenants,
        usage: FakeUsage,
        spending: FakeSpending,
        metrics: FakeMetrics,
    ) -> tuple[
        Clock,
        ClaimStore,
        conversation.ConversationStore,
        conversation.ConversationAudit,
        conversation.ConnectionStore,
        conversation.ConnectionPoster,
        NoticeQueue,
        TenantDirectory,
        UsageStore,
        SpendingStore,
        UsageReports,
        BookingCounts,
        Metrics,
    ]:
        return (
            clock,
            claims,
            conversations,
            audit,
            connections,
            poster,
            notices,
            tenants,
            usage,
            spending,
            spending,
            spending,
            metrics,
        )

    def _ingress(
        *,
        queue: FakeCommandPublisher,
        sessions: FakeSessions,
        stops: FakeClaims,
        poster: FakeBlockingPoster,
        profiles: FakeProfiles,
        rate_counters: FakeRateCounters,
        digests: FakeDigests,
    ) -> tuple[
        ingress.CommandPublisher,
        ingress.Sessions,
        ingress.AnswerStopFlags,
        ingress.Poster,
        ingress.Profiles,
        limits.RateCounters,
        limits.ConnectionCounts,
        limits.Digests,
    ]:
        return queue, sessions, stops, poster, profiles, rate_counters, sessions, digests

    def _workers(
        *,
        model: FakeModel,
        appointments: FakeAppointments,
        calendar: FakeCalendar,
        email_templates: FakeEmailTemplates,
        mailer: FakeMailer,
    ) -> tuple[
        chat.Model, booking.AppointmentStore, booking.Calendar, notifications.EmailTemplates, notifications.Mailer
    ]:
        return model, appointments, calendar, email_templates, mailer
