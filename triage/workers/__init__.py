"""Outer loops: they open transactions, call actions, and speak to the network through channels."""
