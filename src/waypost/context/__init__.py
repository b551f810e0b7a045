"""The working set: history in, the text that the model sees out, an event for each fold."""
