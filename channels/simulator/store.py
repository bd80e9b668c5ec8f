"""The whole provider on one file."""

from __future__ import annotations

from channels.simulator.carriage import Carriage
from channels.simulator.citizens import Citizens
from channels.simulator.hooks import Hooks
from channels.simulator.ledger import Ledger


class Store(Citizens, Hooks, Carriage, Ledger):
    """`Store(path)`: citizens write, the carrier hands over, the desk sends, the ledger remembers."""
