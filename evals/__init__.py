"""Golden conversations: whether the assistant's answers are right, and what they cost."""
