"""The rules of the desk: pure, without I/O and without a clock."""
