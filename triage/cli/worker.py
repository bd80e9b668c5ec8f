"""The command that sends: one of any number of workers on any number of machines."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from redis import RedisError

from triage import context, events
from triage.workers import rq_worker
from triage.workers.doorbell import Doorbell
from triage.workers.line import Line

NO_REDIS = ("This desk has no REDIS_URL: its server sends by itself and needs no workers. "
            "Set REDIS_URL for the servers and the workers alike.")


@click.command("worker")
@click.option("--fork", is_flag=True, help="A process of its own for every answer; dearer.")
@click.option("--burst", is_flag=True, help="Send what is rung for, then leave.")
def worker(*, fork: bool, burst: bool) -> None:
    """Send answers, for servers that share a Redis. Start as many as wanted; each sends one answer at a time.

    Ends at SIGTERM, after what is being sent. It waits out a Redis that is away, and sends meanwhile.
    """
    url = context.settings().redis_url
    if url is None:
        raise click.ClickException(NO_REDIS)
    with _beside(url, fork=fork, burst=burst):
        try:
            rq_worker.work(url, fork=fork, burst=burst, ready=lambda: click.echo("The worker is ready."))
        except RedisError as problem:
            raise click.ClickException(f"Redis does not answer: {type(problem).__name__}.") from problem


@contextmanager
def _beside(url: str, *, fork: bool, burst: bool) -> Iterator[None]:
    """The sweep and the look of this worker: threads; where it forks, a process, as threads and forks do not mix."""
    if burst:
        yield
        return
    if fork:
        sweeping = subprocess.Popen([sys.executable, "-m", "flask", "triage", "sweep", "--parent", str(os.getpid())])  # noqa: S603 - ours
        try:
            yield
        finally:
            sweeping.terminate()
        return
    loops = (Doorbell(current_app._get_current_object()), Line(url))  # type: ignore[attr-defined]  # a proxy
    events.listen(loops[0].ring)
    events.listen(loops[1].call)
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
