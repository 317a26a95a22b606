"""The owner's day: who comes, who has written, and an answer by hand."""
