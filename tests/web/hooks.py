"""The simulator's network as a test client: signed webhooks, without a carrier."""

from __future__ import annotations

import json

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from channels.simulator import signing
from tests.scene import CITIZEN, INTAKE
from triage import connections


def body_of(name: str, text: str = "The doors are locked", *, sender: str = CITIZEN, to: str = INTAKE) -> bytes:
    """A text message as the simulator would say it."""
    values = {"kind": "message", "channel": "sms", "id": name, "from": sender, "to": to, "text": text}
    return json.dumps(values).encode()


def call(client: FlaskClient, body: bytes, channel: str = "sms", *, signature: str | None = None) -> TestResponse:
    """Post a webhook, rightly signed unless told how."""
    app: Flask = client.application
    path = f"/hooks/simulator/{channel}"
    with app.app_context():
        right = signing.sign(connections.simulator_secret(), app.config["SETTINGS"].public_url + path, body)
    headers = {signing.HEADER: right if signature is None else signature, "Content-Type": "application/json"}
    return client.post(path, data=body, headers=headers)
