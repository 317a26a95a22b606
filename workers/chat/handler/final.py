"""The frame that ends a message with the assistant's answer."""

from pathlib import Path

from shared.conversations.announcements import render_announcement
from shared.languages.catalogue import Catalogue
from shared.messages.commands import ChatSend
from shared.messages.server import ChatFinal, ChatFinalData
from workers.chat.domain.answer_text import build_final_text
from workers.chat.domain.endings import find_cut
from workers.chat.handler.answer import Answer

CATALOGUE = Catalogue(Path(__file__).parents[1] / "locales")


def build_final(command: ChatSend, answer: Answer, locale: str, *, sources: tuple[str, ...] = ()) -> ChatFinal:
    """Return the frame of an answer; what the model declined to answer is replaced by an announcement."""
    is_declined = answer.ending == "declined" and not answer.stopped
    data = _build_declined(answer, locale) if is_declined else _build_answer(answer, locale, sources)
    return ChatFinal(re=command.client_id, data=data)


def _build_declined(answer: Answer, locale: str) -> ChatFinalData:
    return ChatFinalData(text=render_announcement("declined", locale), usage=answer.usage, announces="declined")


def _build_answer(answer: Answer, locale: str, sources: tuple[str, ...]) -> ChatFinalData:
    t = CATALOGUE.get_texts(locale)
    text = answer.links.show(answer.text.text, is_complete=True)
    cut = "max_tokens" if answer.text.is_cut else find_cut(answer.stop_reason or "")
    visible = build_final_text(text, action=next(iter(answer.actions), None), stopped=answer.stopped, t=t)
    return ChatFinalData(
        text=visible,
        actions=tuple(answer.actions[:1]),
        usage=answer.usage,
        stopped=answer.stopped,
        # A visitor who stopped the answer wants no rest of it, and of nothing there is no rest.
        # An answer without words of the model has no source, and neither has an offer to book.
        sources=(sources or None) if text and not answer.actions else None,
        cut=cut if text and not answer.stopped else None,
        links=answer.links.list_contacts(visible) or None,
    )
