"""The use case of chat: the assistant answers a visitor's message."""
