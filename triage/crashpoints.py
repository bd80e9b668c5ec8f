"""Named places where a test may kill the process. Inert unless TRIAGE_CRASHPOINT names one and testing is on."""

from __future__ import annotations

import os
import signal

NAMES = (
    "in.arrived", "in.verified", "in.journalled", "in.filed", "in.committed",
    "out.accepted", "out.committed", "out.begun", "out.intent", "out.answered", "out.settling", "out.settled",
)

_armed = os.environ.get("TRIAGE_CRASHPOINT") if os.environ.get("TESTING") == "1" else None


def crashpoint(name: str) -> None:
    """Die here by SIGKILL, as a power cut would, if a test asked for exactly this place."""
    if _armed is not None and _armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
