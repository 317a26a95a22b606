"""What booking talks to."""
