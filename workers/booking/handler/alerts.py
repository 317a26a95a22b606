"""Calls for a person where no retry helps: at most once an hour for each reason and business."""

from shared.ids import derived_id
from shared.messages.notices import AlertFacts, OperatorAlert
from workers.booking.handler.dependencies import BookingPorts

CALENDAR_TROUBLE = "calendar_"
"""How the reasons begin that the calendar's owner, or whoever runs the installation, has to mend."""

MOVE_REFUSED = "calendar_move_refused"

_ADVICE = {
    "calendar_access_revoked": (
        "Google refuses the service account's key: make a new key and put it into the secret. It is used at once."
    ),
    "calendar_forbidden": "Share the calendar with the service account, with the right to make changes to events.",
    "calendar_unknown": (
        "The calendar can't be found: check calendar_id in the profile, and share it with the service account."
    ),
    "calendar_not_configured": (
        "There is no usable service account: put its JSON key into the secret or into GOOGLE_SERVICE_ACCOUNT_KEY."
    ),
    MOVE_REFUSED: (
        "A visit was moved in the calendar to where it can't be: onto another visit, into the past, or to a whole day. "
        "It was put back. Move it to a free time, or cancel it by deleting its event."
    ),
}
_OTHERWISE = "The calendar can't be used: the reason and the log of the booking worker say more."


_EVERYBODYS = frozenset({"calendar_access_revoked", "calendar_not_configured"})
"""The one key of the installation serves every business: one alert says it for all."""


async def alert(ports: BookingPorts, *, tenant: str, session_id: str, reason: str) -> None:
    """Queue a notice to the operator; it says nothing of any visitor."""
    now = ports.clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    await ports.notices.put(
        OperatorAlert(
            id=derived_id(f"{'*' if reason in _EVERYBODYS else tenant}/{reason}/{hour.isoformat()}", "alert"),
            tenant=tenant,
            session_id=session_id,
            locale="en",
            accepted_at=now,
            data=AlertFacts(reason=reason, advice=_ADVICE.get(reason, _OTHERWISE)),
        )
    )
