"""The three wire protocols as codecs, both ways: requests, streamed deltas, usage, errors; no I/O."""
