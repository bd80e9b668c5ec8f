"""More carriers: a real provider calls several times at once. They share what is due with the server's own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from flask import Flask

import config
from channels.simulator import Carrier
from triage import connections

CARRIERS = 4
PAUSE_SECONDS = 0.05


class Network:
    """Carriers at work inside the context, each in a thread of this process, in equal parts to every web node."""

    def __init__(self, app: Flask, addresses: Sequence[str]) -> None:
        """Learn the secret the webhooks are signed with."""
        self._ending = threading.Event()
        settings: config.Settings = app.config["SETTINGS"]
        with app.app_context():
            secret = connections.simulator_secret()
        self._threads = [
            threading.Thread(target=self._carry, args=(Carrier(settings.simulator_path, secret), address), daemon=True)
            for address in addresses for _ in range(CARRIERS // len(addresses))
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

    def _carry(self, carrier: Carrier, address: str) -> None:
        while not self._ending.is_set():
            # Few at a time: whoever is behind a slow answer holds back only these.
            if carrier.deliver_due(address, limit=4).tried == 0:
                self._ending.wait(PAUSE_SECONDS)
        carrier.close()
