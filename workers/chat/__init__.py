"""Chat: answers visitors with the model and the knowledge base."""
