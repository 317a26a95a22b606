"""The owner's day: visits, conversations, and staff answers."""
