"""The periodic look, for set-ups that run it apart from the server."""

from __future__ import annotations

import threading

import click

from triage.db import db
from triage.workers.sweep import sweep_and_deliver

EVERY_SECONDS = 5.0


@click.command("sweep")
@click.option("--once", is_flag=True, help="One look, then leave.")
def sweep(*, once: bool) -> None:
    """Look for what is due: attempts without an answer, leases, snoozes, slowed items, answers to send.

    The server does this by itself; run it apart where no server runs. Several at once do no harm.
    """
    _look()
    while not once:
        threading.Event().wait(EVERY_SECONDS)
        _look()


def _look() -> None:
    sweep_and_deliver()
    db.session.remove()  # no read is left open while nothing happens
