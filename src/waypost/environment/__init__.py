"""The environment in which the agent's shell and the gates run: clean, recorded, built once."""
