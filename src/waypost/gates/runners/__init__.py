"""What test runners print, read as a census: one file a runner, one shape (`census(output) -> Census | None`)."""
