"""One consumer each: a process that empties one queue and prints what that took as one line of JSON."""
