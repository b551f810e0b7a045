"""The command line: thin, no logic that another face would need."""
