"""Rate limits: how much may be sent a minute, and how many connections may be open."""
