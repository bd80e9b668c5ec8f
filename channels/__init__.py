"""Adapters between providers and the desk: they translate, they never decide or store."""
