"""How full the queues are, and how long their oldest message has waited."""
