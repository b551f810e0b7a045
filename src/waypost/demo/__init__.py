"""The demo: a genuine recorded run, played again on a real package."""
