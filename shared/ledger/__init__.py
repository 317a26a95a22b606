"""The failure ledger: every dead letter, what became of it, and who acted on it."""
