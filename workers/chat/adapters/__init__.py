"""The adapters of the chat worker."""
