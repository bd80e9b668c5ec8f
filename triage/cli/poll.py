"""The asking of providers, for set-ups that run it apart from the server."""

from __future__ import annotations

import threading
from datetime import timedelta

import click
from flask import current_app

from triage.queries import asking
from triage.workers import doubt
from triage.workers import poll as polls
from triage.workers.asking import AskLoop


@click.command("poll")
@click.option("--once", is_flag=True, help="Ask for every account now, then leave.")
def poll(*, once: bool) -> None:
    """Ask providers what has come that no webhook brought, and what became of answers in doubt.

    The server does this by itself every POLL_SECONDS; run it apart where no server runs, or to have it done now.
    Several at once do no harm.
    """
    if once:
        _once()
    else:
        AskLoop(current_app._get_current_object()).start()  # type: ignore[attr-defined]  # a proxy
        threading.Event().wait()


def _once() -> None:
    accounts = polls.due(timedelta())
    news = sum(polls.poll(account_id, timedelta()) for account_id in accounts)
    known = sum(doubt.ask(delivery_id) for delivery_id in asking.doubts_due())
    click.echo(f"{len(accounts)} accounts asked for: {news} items were news. Answers no longer in doubt: {known}.")
