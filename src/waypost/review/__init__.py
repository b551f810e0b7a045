"""What waits for a human while work goes on, and what they said."""
