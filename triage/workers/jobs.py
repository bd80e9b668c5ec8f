"""What RQ's workers run: one function that takes one number."""

from __future__ import annotations

from flask import current_app

from triage.workers.deliver import deliver


def send(delivery_id: int) -> None:
    """Send one delivery, if the database says that it may leave now."""
    with current_app.app_context():  # a database session of its own
        deliver(delivery_id)
