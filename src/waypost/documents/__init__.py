"""The four documents: found, read, linted, frozen, and edited to the byte."""
