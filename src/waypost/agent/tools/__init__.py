"""The tools that the model is offered: what each takes, does and answers."""
