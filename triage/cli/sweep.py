"""The periodic look, for set-ups that run it apart from the server."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import click
from flask import current_app

from triage import context
from triage.db import db
from triage.workers.doorbell import Doorbell
from triage.workers.drain_spool import Drain
from triage.workers.media import fetch_due
from triage.workers.sweep import sweep_and_deliver

EVERY_SECONDS = 5.0


@click.command("sweep")
@click.option("--once", is_flag=True, help="One look, then leave.")
@click.option("--parent", type=int, hidden=True, help="Leave when this process is gone.")
def sweep(*, once: bool, parent: int | None) -> None:
    """Look for what is due: this machine's spool, attempts without an answer, leases, snoozes, items, answers, files.

    The server does this by itself; run it apart where no server runs. Several at once do no harm.
    """
    if once:
        _look()
    elif context.settings().redis_url is None:
        _for_ever(_look, parent)
    else:
        _for_ever(_ringing(), parent)


def _look() -> None:
    Drain().run()
    sweep_and_deliver()
    fetch_due()
    db.session.remove()  # no read is left open while nothing happens


def _ringing() -> Callable[[], None]:
    """Where workers send: a doorbell that sweeps and rings by itself; it needs no turns."""
    Doorbell(current_app._get_current_object()).start()  # type: ignore[attr-defined]  # a proxy
    return lambda: None


def _for_ever(turn: Callable[[], None], parent: int | None) -> None:
    while parent in (None, os.getppid()):
        turn()
        threading.Event().wait(EVERY_SECONDS)
