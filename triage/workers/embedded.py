"""Everything a desk on one machine runs beside its requests."""

from __future__ import annotations

from typing import Protocol

from flask import Flask

from config import Settings
from triage import events
from triage.workers.carrier import CarrierLoop
from triage.workers.doorbell import Doorbell
from triage.workers.tailer import Tailer


class Loop(Protocol):
    """A thread or several, started once and stopped once."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, seconds: float = 5.0) -> None:
        """End, within `seconds`."""
        ...


class Embedded:
    """The loops of one process."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        doorbell, tailer = Doorbell(app), Tailer(app, app.extensions["live"].hint)
        events.listen(doorbell.ring)
        events.listen(tailer.nudge)
        self._loops: list[Loop] = [doorbell, tailer]
        if settings.demo:
            self._loops.append(CarrierLoop(app))

    def start(self) -> None:
        """Start every loop."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Stop every loop."""
        for loop in self._loops:
            loop.stop()
