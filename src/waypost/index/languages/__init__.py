"""What is particular to each language: its grammar's wheel, what defines, binds, inherits and imports in it."""
