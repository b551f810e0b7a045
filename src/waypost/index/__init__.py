"""The repository's index: what stands where, who uses it, what is like it, what a change reaches."""
