"""The step loop and the tools that the model is offered."""
