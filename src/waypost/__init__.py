"""Waypost runs a coding agent for hours, on any model, without losing the plot."""

__version__ = "0.1.0"
