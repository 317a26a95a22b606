"""The adapters of the desk's ports."""
