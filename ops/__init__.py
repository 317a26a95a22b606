"""What a person uses to keep the system well: a desk for what failed, and a look at its health."""
