"""Copies of a desk: one archive, sealed, and its way back onto an empty machine."""
