"""A business's calendar at Google: events of visits, busy times, changes."""
