"""The roles that only notifications needs filled: writing letters and sending them."""

from typing import Protocol

from shared.messages.notices import AnyNotice
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import Letter


class Letters(Protocol):
    """Words a notice in the recipient's language."""

    def write(self, notice: AnyNotice, profile: TenantProfile, *, code: str | None) -> Letter:
        """Return the letter; `code` is given for a `notice.code` alone."""
        ...


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, letter: Letter) -> None:
        """Return once the provider has taken the letter.

        Raises:
            TransientError: throttled or unreachable.
            PermanentError: `mail_rejected`: the address or the sender is refused.
        """
        ...
