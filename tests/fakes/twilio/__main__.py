"""`python -m tests.fakes.twilio PORT FILE`: serves until it is killed, or whoever started it has gone."""

from __future__ import annotations

import os
import sys
import threading

from tests.fakes.twilio import serving


def main(port: int, path: str) -> None:
    """Serve on a port of the loopback, with everything it knows in the file at `path`."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    serving.server(port, serving.opened(path, f"http://127.0.0.1:{port}")).serve_forever()


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
