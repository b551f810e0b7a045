"""The log: what happened, in order, once. Everything else in Waypost is a view of it."""
