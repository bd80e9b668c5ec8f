"""The crew is shared by every race of a session."""

from tests.processes import crew, figures

__all__ = ["crew", "figures"]
