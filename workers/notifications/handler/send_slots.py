"""Reserves when a notice is sent, within the rates of its contact and of its business."""

from shared.errors import NotYetError
from shared.messages.notices import SendCode, SendTranscript
from shared.tenants.profile import TenantProfile
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import (
    MAX_CODE_DELAY,
    VisitorNotice,
    build_contact_rate_limit_key,
    build_daily_rate,
    build_rate_limit_key,
)


async def reserve_send_slot(
    ports: NotificationPorts,
    notice: VisitorNotice | SendTranscript,
    profile: TenantProfile,
    *,
    subject: str,
    is_first_attempt: bool,
) -> None:
    """Wait for the send slot of the contact, and only then take one of the business, which is then not taken in vain.

    The notices of one `subject`, which is a visit, wait for one slot: when it comes, the last of them is sent, and most
    others are outdated.

    Raises:
        NotYetError: there is no slot yet.
        PermanentError: `line_too_long`.
    """
    now = ports.clock.now()
    if not isinstance(notice, SendCode):
        per_day = profile.limits.notices_per_contact or ports.notices_per_contact
        for limiter, period, rate in (
            (ports.contact_rate_limiter, "contact", None),
            (ports.daily_rate_limiter, "contact-day", build_daily_rate(per_day)),
        ):
            slot = await limiter.reserve(
                build_contact_rate_limit_key(notice, ports.code_key, period=period),
                f"{subject}/{period}",
                now=now,
                is_first_time=is_first_attempt,
                rate=rate,
                is_shared=True,
            )
            if slot > now:
                raise NotYetError(f"the rate limit of the {period}", wait=slot - now)
    slot = await ports.send_rate_limiter.reserve(
        build_rate_limit_key(notice),
        notice.claim_key,
        now=now,
        is_first_time=is_first_attempt,
        max_wait=MAX_CODE_DELAY if isinstance(notice, SendCode) else None,
    )
    if slot > now:
        raise NotYetError("the rate limit of the business", wait=slot - now)
