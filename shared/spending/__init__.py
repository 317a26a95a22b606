"""What calls of language models cost a business, and the caps on it."""
