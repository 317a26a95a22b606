"""The command line `stride`."""
