"""Takes dead letters into the ledger of failures, and tells visitors who have heard nothing yet."""
