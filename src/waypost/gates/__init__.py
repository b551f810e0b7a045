"""Running a pinned gate in a clean checkout, and its verdict: the only thing that ticks a box."""
