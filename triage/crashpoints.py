"""Named places where a test may kill or stop the process. Inert unless TRIAGE_CRASHPOINT names one in testing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

NAMES = (
    "in.arrived", "in.verified", "in.journalled", "in.filed", "in.committed",
    "spool.written", "spool.synced", "spool.drained",
    "out.accepted", "out.committed", "out.begun", "out.intent", "out.answered", "out.settling", "out.settled",
    "poll.asked", "doubt.asked", "like.turn", "like.found", "like.kept",
)


def _self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)


def _both() -> None:
    _parent()
    _self()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


# TRIAGE_CRASH: who is struck. A worker's parent is what started the process that sends.
STROKES: Mapping[str, Callable[[], None]] = {"self": _self, "parent": _parent, "both": _both, "stop": _stop}

_armed = {os.environ.get("TRIAGE_CRASHPOINT")} if os.environ.get("TESTING") == "1" else set()
_stroke = STROKES.get(os.environ.get("TRIAGE_CRASH", ""), _self)


def crashpoint(name: str) -> None:
    """Strike here, once in the life of this process, as a power cut would, if a test asked for exactly this place."""
    if name in _armed:
        _armed.clear()
        _stroke()
