"""What calls of models cost, in the `usage` table."""
