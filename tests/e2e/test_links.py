"""The links of an e-mail over the real path: they display and change one visit, from any conversation."""

import re

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, free_slot, fresh_address, hold
from tests.e2e.visitor import Visit, Visitor

pytestmark = pytest.mark.e2e


async def book(visitor: Visitor, backstage: Backstage, address: str) -> str:
    """Book a visit, and return the text of the e-mail that confirms it."""
    pending = await hold(visitor, await free_slot(visitor), address)
    await confirm(visitor, pending, address, backstage)
    return str(await backstage.email(address, number=2))


def link_token(email: str, purpose: str) -> str:
    """Return the token of a link, which the browser has in the fragment of the address."""
    match = re.search(rf"#stride-{purpose}=([A-Za-z0-9_.-]+)", email.replace("=\\r\\n", "").replace("=3D", "="))
    assert match, email
    return match[1]


def forge_token(token: str) -> str:
    """Change a character within the signature; the last one has bits that decoding ignores."""
    return f"{token[:-8]}{'A' if token[-8] != 'A' else 'B'}{token[-7:]}"


async def test_links_move_and_cancel_their_visit_from_another_conversation(visit: Visit, backstage: Backstage):
    """The visit is displayed, moved and cancelled; each link allows only its own action."""
    address = fresh_address()
    async with visit(greet=False) as visitor:
        session = (await visitor.hello(locale="pl"))["data"]["session_id"]
        email = await book(visitor, backstage, address)
    cancel, move = link_token(email, "cancel"), link_token(email, "move")

    async with visit() as other:
        seen = await other.ask("booking.lookup", {"link": cancel}, "booking.details")
        elsewhere = await free_slot(other)
        wrong = await other.ask("booking.reschedule", {"link": cancel, "start": elsewhere["start"]}, "-")
        forged = await other.ask("booking.cancel", {"link": forge_token(cancel)}, "-")
        moved = await other.ask(
            "booking.reschedule", {"link": move, "start": elsewhere["start"]}, "booking.rescheduled"
        )
        await backstage.email(address, number=3)  # before the visit is cancelled: an outdated notice is not sent
        gone = await other.ask("booking.cancel", {"link": cancel}, "booking.cancelled")
        again = await other.ask("booking.cancel", {"link": cancel}, "booking.cancelled")
        after = await other.ask("booking.lookup", {"link": move}, "booking.details")

    assert (seen["data"]["state"], seen["data"]["can_cancel"], "seq" in seen) == ("confirmed", True, False)
    assert address not in str(seen)
    assert [frame["data"]["code"] for frame in (wrong, forged)] == ["UNKNOWN_APPOINTMENT"] * 2
    assert moved["data"]["start"] == elsewhere["start"]
    assert [frame["type"] for frame in (gone, again)] == ["booking.cancelled"] * 2
    assert (after["data"]["state"], after["data"]["can_cancel"]) == ("cancelled", False)
    [row] = backstage.appointments(session)
    assert row["state"] == "cancelled"
    await backstage.until(lambda: backstage.events(row["appointment_id"]) == [])
    await backstage.email(address, number=4)
