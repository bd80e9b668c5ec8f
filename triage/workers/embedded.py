"""Everything a web node runs beside its requests, alone on its machine or as one of several."""

from __future__ import annotations

from flask import Flask

from config import Settings
from triage import events
from triage.workers.asking import AskLoop
from triage.workers.carrier import CarrierLoop
from triage.workers.comparing import CompareLoop
from triage.workers.doorbell import Doorbell
from triage.workers.drain_spool import DrainLoop
from triage.workers.line import Line
from triage.workers.loop import Loop
from triage.workers.media import MediaLoop
from triage.workers.tailer import Tailer

WORKERS_FIRST = 2.0  # seconds: while Redis is away the workers' own threads send, and we only what they leave


class Embedded:
    """The loops of one web process: doorbell, sweep, tailer, spool, asking; the line, where there are several."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        doorbell = Doorbell(app, patience=WORKERS_FIRST)
        tailer = Tailer(app, app.extensions["live"].hint, app.extensions["live"].end)
        events.listen(doorbell.ring)
        comparing = CompareLoop(app)
        events.listen(tailer.nudge)
        events.listen(comparing.ring)
        self._loops: list[Loop] = [doorbell, tailer, comparing, DrainLoop(app), MediaLoop(app), AskLoop(app)]
        if settings.redis_url:
            line = Line(settings.redis_url, tailer.nudge)
            events.listen(line.call)
            self._loops.append(line)
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
