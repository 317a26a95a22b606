"""Booking's adapters: DynamoDB, Google Calendar, EventBridge Scheduler."""
