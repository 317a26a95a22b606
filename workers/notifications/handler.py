"""The use case: a notice becomes one e-mail."""

import structlog

from shared.clock import Clock
from shared.codes import verification_code
from shared.messages.notices import AnyNotice, SendCode
from shared.ports import Claim, ClaimStore, TenantDirectory
from workers.notifications.domain import is_stale
from workers.notifications.ports import Letters, Mailer

log = structlog.get_logger()


class NotificationHandler:
    """Sends each notice once.

    The claim keeps doubled deliveries from sending twice. A crash between the provider's yes and our record may
    repeat an identical letter; it never loses one.
    """

    def __init__(
        self,
        *,
        letters: Letters,
        mailer: Mailer,
        tenants: TenantDirectory,
        claims: ClaimStore,
        clock: Clock,
        code_key: bytes,
    ) -> None:
        self._letters = letters
        self._mailer = mailer
        self._tenants = tenants
        self._claims = claims
        self._clock = clock
        self._code_key = code_key

    async def handle(self, work: AnyNotice, claim: Claim) -> None:
        """Write and send the letter; the code is computed here and nowhere else on the way."""
        if is_stale(work, self._clock.now()):
            log.info("notice_stale", notice=work.type)
        else:
            profile = await self._tenants.profile(work.tenant)
            code = (
                verification_code(self._code_key, work.data.appointment_id, work.send_number)
                if isinstance(work, SendCode)
                else None
            )
            await self._mailer.send(self._letters.write(work, profile, code=code))
            log.info("notice_sent", notice=work.type, appointment_id=work.data.appointment_id)
        await self._claims.complete(claim)

    async def repeat(self, work: AnyNotice, outcome_seq: int | None) -> None:
        """Do nothing: it was sent."""

    async def mismatch(self, work: AnyNotice) -> None:
        """Keep the first letter: a retried command may word its notice anew, and one is enough."""
        log.info("notice_repeated", notice=work.type)

    async def give_up(self, work: AnyNotice, claim: Claim, reason: str) -> None:
        """Record the end; the copy on the dead-letter queue is for the owner to see."""
        log.error("notice_failed", notice=work.type, reason=reason)
        await self._claims.complete(claim)
