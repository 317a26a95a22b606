"""What a client shows of an answer that is streamed."""


class Screen:
    """Applies deltas as a client does: the answer from `offset` on is this text."""

    def __init__(self) -> None:
        self.text = ""
        self.posts: list[str] = []

    async def admit(self, text: str) -> None:
        """Do nothing: a screen has been there from the start."""

    async def post_delta(self, offset: int, text: str) -> None:
        """Apply one delta; an offset behind the end would leave a gap."""
        assert offset <= len(self.text)
        self.text = self.text[:offset] + text
        self.posts.append(text)
