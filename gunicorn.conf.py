"""Gunicorn: one worker, threads for the open sockets and some for plain requests; starts the embedded loops."""

from __future__ import annotations

import gc
import os
from typing import Any

from gunicorn import glogging

from config import load
from triage import logs
from triage.workers.embedded import Embedded

settings = load()

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = 1
worker_class = "gthread"
threads = settings.max_sockets + 32  # each open socket holds a thread for its life
graceful_timeout = 3  # open sockets would otherwise hold a stop for half a minute
timeout = 60
limit_request_line = 4094
control_socket_disable = True
accesslog = None  # request lines of citizens are nobody's business
errorlog = "-"
loglevel = settings.log_level

logs.configure(settings.log_level, settings.log_format)


class logger_class(glogging.Logger):  # noqa: N801 - gunicorn reads the setting of this name
    """Gunicorn's own words go through the same filter as everybody's."""

    def setup(self, cfg: Any) -> None:
        """Give up the handlers of its own."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True


_loops: list[Embedded] = []
GARBAGE = 10_000  # new objects before Python looks for cycles among them (its own figure is 700)


def post_worker_init(worker: Any) -> None:
    """Start the doorbell, the sweep, the tailer and, on a practice desk, the carrier."""
    loops = Embedded(worker.wsgi)
    loops.start()
    _loops.append(loops)
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: no collection need look at it again
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])


def worker_exit(_server: Any, _worker: Any) -> None:
    """Let what is being sent finish."""
    for loops in _loops:
        loops.stop()
