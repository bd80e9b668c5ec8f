"""A whole desk to do harm to: a real server, the simulator's network in the test's own process, an operator."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

import config
from channels.simulator import Carrier, Store, Written
from tests.faults.browser import Browser
from tests.patience import until
from tests.scene import INTAKE
from tests.served import Served, Worker
from tests.verdict import Said, Verdict, judge
from triage.sealing import KeyRing

CITIZEN = "+447700900523"
# Where a desk with workers sends: in the worker, not in the server.
SENDING = ("out.begun", "out.intent", "out.answered", "out.settling", "out.settled")


class Stage:
    """The server is started by `open`, with a worker where the desk has a Redis; the rest survives their death."""

    def __init__(self, settings: config.Settings, **environ: str) -> None:
        self.served = Served(settings, **environ)
        self.sender = Worker(self.served.settings, **environ) if settings.redis_url else None
        self._rescuer: Worker | None = None
        self.store = Store(settings.simulator_path)
        self.settings = settings
        self._engine = create_engine(settings.database_url, poolclass=NullPool)
        secret = KeyRing(settings.triage_keys).blind("simulator", "webhook")
        self.carrier = Carrier(settings.simulator_path, secret, pause=0.1)
        self.browser = Browser(self.served.address)

    # the server's life

    def open(self, *options: str, **environ: str) -> None:
        """Start the server, see that the port we are going to speak to is its own, and start the worker."""
        self.open_web(**environ)
        if self.sender is not None:
            self.sender.start(*options)

    def open_web(self, **environ: str) -> None:
        """Start the server alone."""
        self.served.start(**environ)
        assert self.served.port in listening_ports(self.served.worker()), "somebody else owns the port"

    def dies(self) -> bool:
        """Wait for the death of what was armed; nobody comes in the place of a server, its master is held still."""
        return until(lambda: not running(self._victim))

    def arm(self, point: str) -> None:
        """Start the desk so that whoever comes to this point first dies there: the server, or the worker that sends."""
        if self.sender is not None and point in SENDING:
            self.arm_worker(point)
            return
        self.open(TRIAGE_CRASHPOINT=point)
        self._victim = self.served.worker()
        self.served.hold_master()

    def arm_worker(self, point: str, *options: str, stroke: str = "self") -> None:
        """Start the desk with a worker that is struck at this point, once."""
        assert self.sender is not None
        self.open_web()
        self.sender.start(*options, TRIAGE_CRASHPOINT=point, TRIAGE_CRASH=stroke)
        self._victim = self.sender.pid

    def rescued(self) -> bool:
        """A second worker comes, whole; the first one stays as the stroke has left it."""
        self._rescuer = Worker(self.served.settings, "rescuer").start()
        return self._rescuer.alive()

    def stands_still(self) -> bool:
        """Whether what was struck is stopped by a signal."""
        return state(self._victim) == "T"

    def goes_on(self) -> None:
        """What stood still goes on."""
        assert self.sender is not None
        self.sender.go_on()

    def fell(self) -> None:
        """SIGKILL to everything that still runs."""
        self.served.kill()
        for worker in filter(None, (self.sender, self._rescuer)):
            worker.kill()

    def close(self) -> None:
        """The end of the desk and of our connections to it."""
        self.fell()
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
        """Carry until nothing is left to hand over, nothing waits or is being sent, and what was sent has arrived.

        The news of an arrival may come while its sending is still written down: it is parked, and applied later.
        """
        unfinished = "SELECT count(*) FROM deliveries WHERE state IN ('held', 'queued', 'sending', 'sent')"
        return until(lambda: self.carry_all() and self.ask(unfinished) == [(0,)] and self.store.pending() == 0)

    # looking

    def ask(self, query: str) -> list[Any]:
        """Rows of the desk's database, as they stand now."""
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def report(self) -> int:
        """The number of the one report: a transaction that died may have used up smaller ones."""
        return int(self.one("SELECT max(id) FROM reports"))

    def one(self, query: str) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.ask(query)
        return rows[0][0] if rows else None

    def nothing_lost_or_doubled(self, said: Iterable[Said] | None = None) -> Verdict:
        """Every message the network was told "yes" for is there once; nothing else is; nothing was sent twice.

        `said` is what the operator's browser logged of its answers.
        """
        return judge(self.settings, said).hold()


def running(process: int) -> bool:
    """Whether a process lives: not gone, and not a corpse its held parent has not buried."""
    return state(process) not in ("", "Z")


def state(process: int) -> str:
    """The kernel's letter for what a process does; empty where there is none."""
    try:
        status = Path(f"/proc/{process}/stat").read_text("ascii")
    except FileNotFoundError:
        return ""
    return status.rpartition(")")[2].split()[0]


def listening_ports(process: int) -> set[int]:
    """The loopback ports this very process listens on, by the kernel's own list."""
    links = (link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink())
    sockets = {name.removeprefix("socket:[").removesuffix("]") for name in links if name.startswith("socket:")}
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return {int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in sockets}
