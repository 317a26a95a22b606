"""Conversations in two tabs that are cut at random, and what each page has to display in the end."""

import asyncio
import random
from collections import Counter

from bench.resume.client import Browser, Page, Timeouts, build_message
from bench.resume.gateway import Line
from bench.resume.world import World
from tests.soak.resume_faults import OF_THE_FRAME, Cut, Death, Executioner

MESSAGES = 3
ENDS = {"chat.final", "error"}


class Tab:
    """One tab: a page, and after a reload another one."""

    def __init__(self, conversation, name):
        self.name = name
        self.sent = []
        self._conversation = conversation
        self._next_line = None
        self.open()

    def open(self):
        conversation = self._conversation
        self.page = Page(conversation.world.gateway, conversation.browser, conversation.chance, Timeouts())
        self.page.on_line = self._prepare
        conversation.pages.append(self.page)
        self._running = asyncio.create_task(self.page.run())

    async def close(self):
        self._raise_errors()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def _raise_errors(self):
        """Raise what the client found wrong; a page that is about to be loaded again is cancelled."""
        if self._running.done() and not self._running.cancelled():
            self._running.result()

    async def until(self, condition, what):
        while not condition():
            self._raise_errors()
            await asyncio.sleep(0.02)
            assert asyncio.get_running_loop().time() < self._conversation.ends_at, f"{what}: {self._conversation}"

    async def suffer(self, cut, seconds):
        """Let a cut happen after a time."""
        await asyncio.sleep(seconds)
        chance, line = self._conversation.chance, self.page.line
        if cut is Cut.RELOAD:
            await self.close()
            self.open()
        elif line is None:
            return  # It is already cut.
        elif cut is Cut.CLIENT:
            line.cut(notice_seconds=chance.uniform(0, 2))
        elif cut is Cut.SILENT:
            line.cut(notice_seconds=chance.uniform(1, 3), is_silent=True)
        elif cut is Cut.SERVER:
            line.close()
        elif cut is Cut.REPLAY:
            self._next_line = chance.randint(1, 4)
            line.close()
        elif cut is Cut.MOVE:
            self.page.move()
        self._conversation.cuts[cut] += 1

    def _prepare(self, line: Line):
        line.cut_after_frames, self._next_line = self._next_line, None


class Conversation:
    """A visitor with two tabs, who writes some messages."""

    def __init__(self, world: World, executioner: Executioner, *, seed, number, death: Death | None, cuts: Counter):
        self.world = world
        self.executioner = executioner
        self.number = number
        self.chance = random.Random(f"{seed}/{number}")
        self.browser = Browser()
        self.pages: list[Page] = []
        self.tabs: list[Tab] = []
        self.cuts = cuts
        self.ends_at = 0.0
        self._death = death
        self._suffering = []

    def __str__(self):
        logs = [[f"{one['seq']} {one['type']} {one.get('re')}" for one in tab.page.log] for tab in self.tabs]
        return f"conversation {self.number}: sent {[tab.sent for tab in self.tabs]}, displayed {logs}"

    async def run(self, seconds):
        self.ends_at = asyncio.get_running_loop().time() + seconds
        first = Tab(self, "first")
        self.tabs.append(first)
        await first.until(lambda: self.browser.token, "no welcome")
        for index in range(MESSAGES):
            if index == 1:
                self.tabs.append(Tab(self, "second"))
            await self._exchange_message(index)
        await asyncio.gather(*self._suffering)
        for tab in self.tabs:
            await tab.until(lambda tab=tab: self._has_all(tab), "a reply is missing")
        await self._end()

    async def _exchange_message(self, index):
        chance, tab = self.chance, self.chance.choice(self.tabs)
        message = f"m{self.number}x{index}x"
        self.executioner.begin(message, self._death if index == MESSAGES - 1 else None)
        cut = chance.choice(list(Cut))
        if cut in OF_THE_FRAME and tab.page.line is not None and tab.page.is_welcomed:
            tab.page.line.fault = OF_THE_FRAME[cut]
            self.cuts[cut] += 1
        tab.sent.append(message)
        tab.page.say(build_message(message, f"Is there room? {message}"))
        for one in self.tabs:
            if one is tab and cut not in OF_THE_FRAME:
                self._suffering.append(asyncio.create_task(one.suffer(cut, chance.uniform(0, 0.8))))
            elif one is not tab and chance.random() < 0.5:
                other = chance.choice([one for one in Cut if one not in OF_THE_FRAME])
                self._suffering.append(asyncio.create_task(one.suffer(other, chance.uniform(0, 0.8))))
        if chance.random() < 0.6:
            await tab.until(lambda: message in _list_ends(tab.page.log), "no reply")
        else:
            await asyncio.sleep(chance.uniform(0, 0.3))

    def _has_all(self, tab):
        return {one for each in self.tabs for one in each.sent} <= set(_list_ends(tab.page.log))

    async def _end(self):
        for tab in self.tabs:
            await tab.close()
            for message in tab.sent:
                self.executioner.end(message)

    def check(self, stored):
        """Compare what each page displayed with what was sent, and with what is stored."""
        sent = [one for tab in self.tabs for one in tab.sent]
        ends = _list_ends(stored)
        assert [frame["seq"] for frame in stored] == list(range(1, 2 * len(sent) + 1)), self
        assert sorted(ends) == sorted(sent), f"each is answered once: {self}"
        assert [frame["type"] for frame in stored if frame["type"] in ENDS] == ["chat.final"] * len(sent), self
        accepted = [frame["re"] for frame in stored if frame["type"] == "chat.sent"]
        assert ends == accepted, f"answered in the order in which they were accepted: {self}"
        for tab in self.tabs:
            assert tab.page.log == stored, f"the {tab.name} tab displays another conversation: {self}"
            own = [one for one in accepted if one in tab.sent]
            assert own == tab.sent, f"a tab's messages are accepted in their order: {self}"
        for page in self.pages:
            assert page.log == stored[: len(page.log)], f"a page that was reloaded displayed something else: {self}"


def _list_ends(frames):
    return [frame["re"] for frame in frames if frame["type"] in ENDS]
