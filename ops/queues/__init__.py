"""The depth of the queues, and the age of their oldest message."""
