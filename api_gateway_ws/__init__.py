"""The WebSocket API: authorise, check, acknowledge, enqueue."""
