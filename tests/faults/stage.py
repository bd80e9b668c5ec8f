"""A whole desk to do harm to: a real server, the simulator's network in the test's own process, an operator."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import config
from channels.simulator import Carrier, Store, Written
from tests import checker
from tests.faults.browser import Browser
from tests.scene import INTAKE
from tests.served import Served
from triage.sealing import KeyRing

CITIZEN = "+447700900523"
PATIENCE = 60.0


class Stage:
    """The server is started by `open`; everything else lives here and survives its death."""

    def __init__(self, settings: config.Settings, **environ: str) -> None:
        self.served = Served(settings, **environ)
        self.store = Store(settings.simulator_path)
        self.database = checker.database_of(settings)
        secret = KeyRing(settings.triage_keys).blind("simulator", "webhook")
        self.carrier = Carrier(settings.simulator_path, secret, pause=0.1)
        self.browser = Browser(self.served.address)

    # the server's life

    def open(self, **environ: str) -> None:
        """Start the server and see that the port we are going to speak to is its own."""
        self.served.start(**environ)
        assert self.served.port in listening_ports(self.served.worker()), "somebody else owns the port"

    def dies(self) -> bool:
        """Wait for the worker's death by a signal; nobody comes in its place, the master is held still."""
        return until(lambda: not running(self._worker))

    def arm(self, point: str) -> None:
        """Start the server so that it dies at this point, once."""
        self.open(TRIAGE_CRASHPOINT=point)
        self._worker = self.served.worker()
        self.served.hold_master()

    def close(self) -> None:
        """The end of the server and of our connections to it."""
        self.served.kill()
        self.carrier.close()

    # the world outside

    def writes(self, text: str, sender: str = CITIZEN, channel: str = "sms", to: str = INTAKE) -> str:
        """A citizen writes; the message's id."""
        return self.store.write(Written(channel, sender, to, text))

    def carry(self) -> int:
        """One round of the network; what the desk said yes to."""
        return self.carrier.deliver_due(self.served.address).taken

    def carry_all(self) -> bool:
        """Carry until nothing is left to hand over."""
        return until(lambda: (self.store.hurry(), self.carry(), self.store.pending() == 0)[-1])

    def settled(self) -> bool:
        """Carry until nothing is left to hand over and nothing waits or is being sent."""
        unfinished = "SELECT count(*) FROM deliveries WHERE state IN ('held', 'queued', 'sending')"
        return until(lambda: self.carry_all() and self.ask(unfinished) == [(0,)] and self.store.pending() == 0)

    # looking

    def ask(self, query: str, *values: object) -> list[Any]:
        """Rows of the desk's database, as they stand now."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.ask(query, *values)
        return rows[0][0] if rows else None

    def nothing_lost_or_doubled(self) -> None:
        """Every message the network was told "yes" for is there once; nothing else is; nothing was sent twice."""
        kept = [row[0] for row in self.ask("SELECT external_id FROM messages WHERE direction = 'in' ORDER BY 1")]
        assert kept == sorted(self.store.received())
        assert self.store.accepted_twice() == {}
        self.ledgers_agree()
        found = checker.problems(self.database)
        assert not found, "\n".join(found)

    def ledgers_agree(self) -> None:
        """What the desk says was sent, the network accepted once; what it says did not leave, never."""
        accepted = [one.idempotency_key for one in self.store.accepted()]
        for number, state in self.ask("SELECT id, state FROM deliveries"):
            times = accepted.count(f"delivery-{number}")
            assert times in {"sent": (1,), "delivered": (1,), "uncertain": (0, 1)}.get(state, (0,)), (number, state)
        assert len(accepted) <= self.one("SELECT count(*) FROM deliveries")


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for something; whether it came true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def running(process: int) -> bool:
    """Whether a process lives: not gone, and not a corpse its held parent has not buried."""
    try:
        status = Path(f"/proc/{process}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def listening_ports(process: int) -> set[int]:
    """The loopback ports this very process listens on, by the kernel's own list."""
    links = (link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink())
    sockets = {name.removeprefix("socket:[").removesuffix("]") for name in links if name.startswith("socket:")}
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return {int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in sockets}
