"""Writes: one verb, one function. They record events; they never commit and never do I/O."""
