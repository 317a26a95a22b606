"""A fast SQS in one process, which also misbehaves on demand: for load and for faults."""
