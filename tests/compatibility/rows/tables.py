"""The real adapters of every table, and the ids and keys with which the rows of the fixtures were made."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api_gateway_ws.adapters.sessions import DynamoSessions
from shared.aws.claims import DynamoClaimStore
from shared.aws.conversations.conversation_audit import DynamoConversationAudit
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.suppressions import DynamoSuppressions
from shared.aws.usage import DynamoUsageStore
from shared.ids import derive_command_key, derive_id
from tests.fakes.clock import FakeClock
from tests.unit.workers.booking.conftest import build_profile
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.adapters.sync_tokens import DynamoSyncTokens
from workers.booking.domain.values import Contact
from workers.notifications.adapters.send_rate import DynamoSendRateLimiter
from workers.notifications.adapters.visit_changes import DynamoVisitChanges

SECRET = b"the secret of the codes"
CIPHER_KEYS = ("the older key of the payload cipher", "the newer key of the payload cipher")
TENANT = "kept-salon"
LEASE = timedelta(seconds=30)
HOUR = timedelta(hours=1)
TEN = datetime(2026, 1, 13, 9, tzinfo=UTC)
"""Ten o'clock in Warsaw."""
PROFILE = build_profile(
    max_visits_per_day=8,
    services=[
        {
            "id": "massage",
            "name": {"pl": "Masaż", "en": "Massage"},
            "duration_minutes": 60,
            "buffer_before_minutes": 10,
            "buffer_after_minutes": 20,
            "max_per_day": 6,
        }
    ],
)
PHONE = Contact("phone", "+48600100200")
EMAIL = Contact("email", "Jan.Kowalski+spa@gmail.com")
TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def key_of(name: str) -> str:
    """Return the key of the command with this client id."""
    return derive_command_key(TENANT, f"kept-{name}", name)


def appointment_id_of(name: str) -> str:
    """Return the id of the appointment that a session's first command makes."""
    return derive_id(key_of(name), "appointment")


@dataclass(frozen=True)
class Tables:
    """The real adapters of every table."""

    client: Any
    """Of aiobotocore, for the workers' adapters."""
    blocking: Any
    """Of boto3, for those of the ingress."""
    clock: FakeClock

    @property
    def claims(self) -> DynamoClaimStore:
        return DynamoClaimStore(client=self.client, table="ProcessedTable", clock=self.clock)

    @property
    def appointments(self) -> DynamoAppointmentStore:
        return DynamoAppointmentStore(
            client=self.client,
            appointments_table="AppointmentsTable",
            slots_table="SlotsTable",
            limits_table="LimitsTable",
            processed_table="ProcessedTable",
        )

    @property
    def conversations(self) -> DynamoConversationStore:
        return DynamoConversationStore(
            client=self.client, table="ConversationsTable", processed_table="ProcessedTable", clock=self.clock
        )

    @property
    def conversation_audit(self) -> DynamoConversationAudit:
        return DynamoConversationAudit(client=self.client, table="ConversationsTable")

    @property
    def sessions(self) -> DynamoSessions:
        return DynamoSessions(
            client=self.blocking, connections_table="ConnectionsTable", conversations_table="ConversationsTable"
        )

    def ledger(self, *keys: str) -> DynamoFailureLedger:
        cipher = PayloadCipher(keys or CIPHER_KEYS)
        return DynamoFailureLedger(client=self.client, table="FailuresTable", cipher=cipher, clock=self.clock)

    def outcomes(self, queue: str) -> DynamoReplayOutcomes:
        return DynamoReplayOutcomes(client=self.client, table="FailuresTable", queue=queue)

    @property
    def suppressions(self) -> DynamoSuppressions:
        return DynamoSuppressions(client=self.client, table="SuppressionsTable", secret=SECRET)

    @property
    def usage(self) -> DynamoUsageStore:
        return DynamoUsageStore(client=self.client, table="UsageTable")

    @property
    def sync_tokens(self) -> DynamoSyncTokens:
        return DynamoSyncTokens(client=self.client, table="CalendarsTable")

    @property
    def visit_changes(self) -> DynamoVisitChanges:
        return DynamoVisitChanges(client=self.client, table="LimitsTable")

    @property
    def send_rate(self) -> DynamoSendRateLimiter:
        return DynamoSendRateLimiter(client=self.client, table="LimitsTable", per_minute=1, max_wait=HOUR)

    async def claim(self, name: str) -> Any:
        return await self.claims.claim(key_of(name), fingerprint="print", lease=LEASE)
