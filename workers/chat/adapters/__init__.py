"""What chat talks to."""
