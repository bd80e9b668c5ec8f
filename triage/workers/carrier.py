"""Practice only: the simulator's network, carrying messages between its phones and our own hooks."""

from __future__ import annotations

from flask import Flask

from channels.simulator import Carrier
from triage import connections, context, logs
from triage.workers.loop import Loop

log = logs.logger(__name__)

EVERY_SECONDS = 0.3


class CarrierLoop(Loop):
    """Delivers what the simulator holds to the desk's public address, over HTTP as a provider would."""

    def __init__(self, app: Flask) -> None:
        super().__init__(self._run)
        with app.app_context():
            self._carrier = Carrier(context.settings().simulator_path, connections.simulator_secret())
            self._hooks = f"{context.settings().public_url}/hooks/simulator"

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            try:
                while self._carrier.deliver_due(self._hooks).taken and not self._ending.is_set():
                    pass  # more may be due than one round carries
            except Exception:
                log.exception("carrier.failed")
