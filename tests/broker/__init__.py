"""A fast SQS in one process with faults on demand, for load tests and fault tests."""
