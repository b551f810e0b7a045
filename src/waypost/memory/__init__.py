"""What a run knows: decisions, notes, questions and their answers."""
