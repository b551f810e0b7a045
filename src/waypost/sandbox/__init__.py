"""Running untrusted commands: the seam, the plain runner with limits, what killed runs left behind."""
