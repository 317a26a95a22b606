"""The adapters of the notifications worker."""
