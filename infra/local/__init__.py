"""The parts of the stack that run on one machine, without an account anywhere."""
