"""The index in PostgreSQL: the same records and questions, where one machine ends."""
