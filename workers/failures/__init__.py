"""Records dead letters in the failure ledger, and notifies visitors whose command ended without an outcome."""
