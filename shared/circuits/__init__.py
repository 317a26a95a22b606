"""Circuit breakers: a dependency that fails or is slow is not called for a while, and operators see which."""
