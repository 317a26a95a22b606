"""A stand-in for Google Calendar v3 that the real client library speaks to.

It keeps what an adapter has to be right about: ids chosen by the client, etags, deletions that stay
visible, sync tokens, busy times and the errors Google gives, each in Google's own JSON. Recurring events
are refused instead of half understood.
"""
