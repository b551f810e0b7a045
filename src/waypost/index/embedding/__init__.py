"""Vectors of chunks: what makes them, where they are kept, and what they add to a search. All of it may be off."""
