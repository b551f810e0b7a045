"""From a line to the tokens that wrote it, and from an event to all that it came from and led to."""
