"""What notifications talks to."""
