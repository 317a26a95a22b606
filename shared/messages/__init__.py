"""Every message on the wire and on the queues, as pydantic models: the one source of the contract."""
