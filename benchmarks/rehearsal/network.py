"""More carriers: a real provider calls several times at once. They share what is due with the server's own."""

from __future__ import annotations

import threading

from flask import Flask

import config
from channels.simulator import Carrier
from triage import connections

CARRIERS = 4
PAUSE_SECONDS = 0.05


class Network:
    """Carriers at work inside the context, each in a thread of this process."""

    def __init__(self, app: Flask, address: str) -> None:
        """Learn the secret the webhooks are signed with."""
        self._address, self._ending = address, threading.Event()
        settings: config.Settings = app.config["SETTINGS"]
        with app.app_context():
            secret = connections.simulator_secret()
        self._threads = [
            threading.Thread(target=self._carry, args=(Carrier(settings.simulator_path, secret),), daemon=True)
            for _ in range(CARRIERS)
        ]

    def __enter__(self) -> Network:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        """End."""
        self._ending.set()
        for thread in self._threads:
            thread.join(30)

    def _carry(self, carrier: Carrier) -> None:
        while not self._ending.is_set():
            # Few at a time: whoever is behind a slow answer holds back only these.
            if carrier.deliver_due(self._address, limit=4).tried == 0:
                self._ending.wait(PAUSE_SECONDS)
        carrier.close()
