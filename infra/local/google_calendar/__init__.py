"""A stand-in for Google Calendar v3 that the real client library speaks to.

It implements what an adapter depends on: ids chosen by the client, etags, deletions that stay
visible, recurring events and their instances, roles, sync tokens, busy times and Google's errors,
each in Google's own JSON.
"""
