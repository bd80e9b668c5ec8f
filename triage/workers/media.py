"""Files of messages are fetched, looked at and kept: a lease, no transaction meanwhile, and what came of it.

Nothing of a file is written before it is sealed. What cannot be had now is asked for again, for a day.
"""

from __future__ import annotations

from typing import cast

from flask import Flask

from channels.base import Fetcher, RemoteFile
from channels.errors import AccountProblem, ChannelError, FileRefused, FileTooLarge, RetryLater
from triage import connections, context, logs, storing
from triage.actions import fetching, ingest
from triage.actions.fetching import MENDED, Order
from triage.db import db, let_go, run_in_transaction
from triage.queries import files
from triage.storing import Refused, Stored
from triage.workers.loop import Loop

log = logs.logger(__name__)

EVERY_SECONDS = 1.0
FETCHERS = 2  # a file that takes long does not keep all others waiting


def fetch_due() -> int:
    """Fetch every file that is due; how many were tried. Safe to call at any time, by anybody."""
    done = 0
    while fetch_next():
        done += 1
    return done


def fetch_next() -> bool:
    """Fetch the file that has waited longest, if one is due."""
    if not files.is_due():
        let_go()
        return False
    order = run_in_transaction(fetching.take)
    if order is None:
        return False
    try:
        stored = storing.store(_content(order))
    except Refused as problem:
        word = str(problem)
        run_in_transaction(lambda: fetching.refuse(order, word))
    except AccountProblem:
        run_in_transaction(lambda: fetching.put_off(order, after=MENDED, patient=True))
    except ChannelError as problem:
        after = problem.after if isinstance(problem, RetryLater) else None
        run_in_transaction(lambda: fetching.put_off(order, after=after))
    except Exception as problem:
        log.exception("file.not_fetched", number=order.number, problem=type(problem).__name__)
        run_in_transaction(lambda: fetching.put_off(order))
    else:
        _keep(order, stored)
    return True


def _keep(order: Order, stored: Stored) -> None:
    if not run_in_transaction(lambda: fetching.keep(order, stored)):
        storing.forget(stored)


def _content(order: Order) -> bytes:
    """The bytes, from the provider or from the raw item they came with. Raises ChannelError, Refused."""
    item, number = order.source.get("item"), order.source.get("file")
    if isinstance(item, int) and isinstance(number, int):
        here = ingest.files_of(item)
        let_go()
        return here[number].content
    file = RemoteFile(str(order.source["url"]), str(order.source["type"]))
    try:
        return _fetcher(order).fetch(file)
    except FileTooLarge as problem:
        raise Refused("large") from problem
    except FileRefused as problem:
        raise Refused("address") from problem


def _fetcher(order: Order) -> Fetcher:
    if order.account is None:
        raise Refused("address")
    channel = connections.connect(order.account)
    if not isinstance(channel, Fetcher):
        raise Refused("address")
    return cast(Fetcher, channel)


class MediaLoop(Loop):
    """Fetches in threads of a web process. At the end, what is being fetched is due again for whoever comes next."""

    def __init__(self, app: Flask) -> None:
        super().__init__(*[self._run] * FETCHERS)
        self._app = app

    def _run(self) -> None:
        with self._app.app_context():
            context.files().clear_unfinished()
        while not self._ending.wait(EVERY_SECONDS):
            with self._app.app_context():
                try:
                    while fetch_next() and not self._ending.is_set():
                        pass
                except Exception:
                    log.exception("media.failed")
                finally:
                    db.session.remove()
