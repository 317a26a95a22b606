"""Frames of conversations for the tests of the owner's pages."""

from datetime import timedelta

from shared.ids import new_id
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ChatSentData

CONVERSATION = "/today/salon-ania/conversations/s-1"


def store_frames(world, *frames, session="s-1", tenant="salon-ania"):
    """Return a function that stores durable frames of a session."""

    async def store():
        for frame in frames:
            claim = await world.claims.claim(new_id(), fingerprint="f", lease=timedelta(seconds=30))
            await world.conversations.append(session, frame, claim=claim, marker="outcome", tenant=tenant)

    return store


def sent(text):
    return ChatSent(re="c1", data=ChatSentData(text=text))


def final(text):
    return ChatFinal(re="c1", data=ChatFinalData(text=text))


def left_to_staff():
    return ChatFinal(re="c1", data=ChatFinalData(text="", announces="is_read"))
