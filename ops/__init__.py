"""The tools of operators: the desk for failures, the owner's day, and health checks."""
