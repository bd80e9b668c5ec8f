"""Reads: they never write, and every loader takes who asks."""
